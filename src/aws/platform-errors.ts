/**
 * Errors by the names under which Step Functions raises them, each in full, because the states
 * language has no wildcards. The names are those of Lambda's Invoke, of the runtime that ends an
 * invocation, and of the client with which Step Functions calls Lambda
 * (docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html).
 */

/** The call did not reach a function, and may the next time. */
export const lambdaUnavailable = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  // While a new version is being deployed.
  'Lambda.ResourceConflictException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENINotReadyException',
] as const;

/** The call did not reach a function, and will not before another deployment. */
export const lambdaRefused = ['Lambda.ResourceNotFoundException', 'Lambda.AccessDeniedException'] as const;

/** The invocation was ended from outside: out of time, out of memory, or killed. */
export const lambdaKilled = [
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'States.Timeout',
] as const;

/** Raised by the machine itself for a reply of another version. */
export const unknownOutcomeError = 'CloudSync.UnknownOutcome';
