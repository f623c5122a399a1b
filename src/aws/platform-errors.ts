/**
 * The names of the errors that Step Functions raises. Each name is listed in full, because the
 * states language has no wildcards. The errors come from Lambda's Invoke, from the runtime that
 * ends an invocation, and from the client with which Step Functions calls Lambda
 * (docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html).
 */

/** Errors of a call that did not reach a function. A later call may reach the function. */
export const lambdaUnavailable = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  // Step Functions raises this error while a new version of a function is deployed.
  'Lambda.ResourceConflictException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENINotReadyException',
] as const;

/**
 * Errors of a call that did not reach a function. Later calls fail too, until a new deployment
 * fixes the cause.
 */
export const lambdaRefused = ['Lambda.ResourceNotFoundException', 'Lambda.AccessDeniedException'] as const;

/** Errors of an invocation that ran out of time, ran out of memory, or was killed. */
export const lambdaKilled = [
  'Lambda.Unknown',
  'Sandbox.Timedout',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'States.Timeout',
] as const;

/**
 * The machine raises this error if a function of another version sends an outcome that the machine
 * does not know.
 */
export const unknownOutcomeError = 'CloudSync.UnknownOutcome';
