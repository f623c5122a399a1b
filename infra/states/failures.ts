import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * What the platform raises and what may pass, each by its full name, because the states language has no wildcards. A function's own errors are not
 * here: what a function expects it returns, and what surprises it would surprise it again. The names are those of Lambda's Invoke, of the runtime
 * that ends an invocation, and of the clients with which Step Functions calls Lambda, SNS and SQS
 * (docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html).
 */

/** The call did not reach a function. */
const lambdaUnavailable = [
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
];

/** The invocation was ended from outside: out of time, out of memory, or killed. */
const lambdaKilled = ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'States.Timeout'];

const messagingUnavailable = {
  SNS: ['SNS.AmazonSNSException', 'SNS.InternalErrorException', 'SNS.ThrottledException', 'SNS.KMSThrottlingException'],
  SQS: ['SQS.AmazonSQSException', 'SQS.RequestThrottledException', 'SQS.KmsThrottledException'],
} as const;

/** Waits are random from nothing to the whole of the backoff, so that what failed together does not come back together. */
function retryOf(errors: readonly string[], maxAttempts: number, maxDelaySeconds: number): RetryProps {
  return {
    errors: [...errors],
    maxAttempts,
    interval: Duration.seconds(2),
    backoffRate: 2,
    maxDelay: Duration.seconds(maxDelaySeconds),
    jitterStrategy: JitterType.FULL,
  };
}

/**
 * Of a call to a function. `killed` invocations begin again this often; all functions allow it, and video-downloader goes on from the parts that
 * are stored. The count starts anew with each slice.
 */
export function lambdaRetries({ killed }: { readonly killed: number }): readonly RetryProps[] {
  return [retryOf(lambdaUnavailable, 8, 60), retryOf(lambdaKilled, killed, 300)];
}

/** Of a message to a topic or a queue. */
export function messagingRetries(service: keyof typeof messagingUnavailable): readonly RetryProps[] {
  return [retryOf([...messagingUnavailable[service], `${service}.SdkClientException`, 'States.Timeout'], 5, 60)];
}

/** Of the map: reading the manifest or writing the results. Lines that are done say so at once the second time. */
export const mapRetry = retryOf(['States.ItemReaderFailed', 'States.ResultWriterFailed'], 2, 60);
