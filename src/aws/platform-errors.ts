/**
 * The names of errors that Step Functions raises, each in full, because the states language has no
 * wildcards. They come from Lambda's Invoke, from the runtime that ends an invocation, and from the
 * client with which Step Functions calls Lambda
 * (docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html).
 */

/** The call did not reach a function, but may reach it the next time. */
export const lambdaUnavailable = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  // Raised while a new version is deployed.
  'Lambda.ResourceConflictException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENINotReadyException',
] as const;

/** The call did not reach a function, and cannot before another deployment. */
export const lambdaRefused = ['Lambda.ResourceNotFoundException', 'Lambda.AccessDeniedException'] as const;

/** The platform ended the invocation: out of time, out of memory, or killed. */
export const lambdaKilled = [
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'States.Timeout',
] as const;

/** The machine raises it for a reply of another version. */
export const unknownOutcomeError = 'CloudSync.UnknownOutcome';
