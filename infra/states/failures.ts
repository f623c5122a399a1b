import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { lambdaKilled, lambdaUnavailable } from '../../src/aws/platform-errors.ts';

/**
 * What the machine tries again. A function's own errors are not here: it replies with those that it
 * expects, and an unexpected one would come again.
 */

const messagingUnavailable = {
  SNS: ['SNS.AmazonSNSException', 'SNS.InternalErrorException', 'SNS.ThrottledException', 'SNS.KMSThrottlingException'],
  SQS: ['SQS.AmazonSQSException', 'SQS.RequestThrottledException', 'SQS.KmsThrottledException'],
} as const;

/** Waits are random up to the backoff, so that calls do not all return at the same time. */
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
 * For a call to a function. A killed invocation begins again `killed` times, which all functions
 * allow: video-downloader goes on from the stored parts. Each slice has its own count.
 */
export function lambdaRetries({ killed }: { readonly killed: number }): readonly RetryProps[] {
  return [retryOf(lambdaUnavailable, 8, 60), retryOf(lambdaKilled, killed, 300)];
}

/** For a message to a topic or a queue. */
export function messagingRetries(service: keyof typeof messagingUnavailable): readonly RetryProps[] {
  return [retryOf([...messagingUnavailable[service], `${service}.SdkClientException`, 'States.Timeout'], 5, 60)];
}

/** For the map's manifest and results. Work lines that are done end at once the second time. */
export const mapRetry = retryOf(['States.ItemReaderFailed', 'States.ResultWriterFailed'], 2, 60);
