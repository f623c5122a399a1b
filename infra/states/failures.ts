import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { lambdaKilled, lambdaUnavailable } from '../../src/aws/platform-errors.ts';

/**
 * The errors after which the machine tries again. These lists contain no errors of our functions. A
 * function does not throw an expected error but replies with it. An unexpected error would happen
 * again in each retry.
 */

const messagingUnavailable = {
  SNS: ['SNS.AmazonSNSException', 'SNS.InternalErrorException', 'SNS.ThrottledException', 'SNS.KMSThrottlingException'],
  SQS: ['SQS.AmazonSQSException', 'SQS.RequestThrottledException', 'SQS.KmsThrottledException'],
} as const;

/**
 * Each wait is a random time up to the backoff, so that calls are not all repeated at the same
 * time.
 */
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
 * Returns the retries of a call to a function. If the platform kills the invocation, the call is
 * repeated up to `killed` times. Every function can be repeated. For example, video-downloader
 * continues from the stored parts. The repetitions of each slice are counted separately.
 */
export function lambdaRetries({ killed }: { readonly killed: number }): readonly RetryProps[] {
  return [retryOf(lambdaUnavailable, 8, 60), retryOf(lambdaKilled, killed, 300)];
}

/** Returns the retries of a message to a topic or a queue. */
export function messagingRetries(service: keyof typeof messagingUnavailable): readonly RetryProps[] {
  return [retryOf([...messagingUnavailable[service], `${service}.SdkClientException`, 'States.Timeout'], 5, 60)];
}

/**
 * The retries of the map's reader and writer. When the map runs again, work lines that are already
 * finished end immediately.
 */
export const mapRetry = retryOf(['States.ItemReaderFailed', 'States.ResultWriterFailed'], 2, 60);
