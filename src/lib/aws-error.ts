/**
 * What errors of AWS services, and of the way to them, mean. What to do about one depends on who
 * asked.
 */

const namesOfKind = {
  credentials: [
    'CredentialsProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'InvalidAccessKeyId',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'InvalidToken',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'SignatureDoesNotMatch',
    'TokenProviderError',
    'TokenRefreshRequired',
    'UnrecognizedClientException',
  ],
  denied: ['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation'],
  /** What was asked for is not there; a missing bucket is `other`. */
  notFound: ['ExecutionDoesNotExist', 'NoSuchKey', 'ResourceNotFoundException', 'StateMachineDoesNotExist'],
  /** It passes when less is asked for. */
  throttled: [
    'LimitExceededException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ],
  unreachable: ['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT', 'TimeoutError'],
  /** This machine's clock is wrong. */
  clockSkew: ['RequestTimeTooSkewed', 'RequestTimeTooSkewedException'],
} as const;

export type AwsErrorKind = keyof typeof namesOfKind | 'noRegion' | 'other';

const kindOfName = new Map<string, AwsErrorKind>(
  Object.entries(namesOfKind).flatMap(([kind, names]) => names.map((name) => [name, kind as AwsErrorKind] as const)),
);

export interface AwsError {
  readonly kind: AwsErrorKind;
  /** The service's name for the error, or the network's code. */
  readonly code: string;
  readonly message: string;
}

/** undefined: no error of a service or of the way to it, or the request was aborted here. */
export function readAwsError(thrown: unknown): AwsError | undefined {
  if (!(thrown instanceof Error) || thrown.name === 'AbortError') return undefined;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  const kind = kindOf(thrown.name, thrown.message) ?? kindOf(code, '') ?? ('$metadata' in thrown ? 'other' : undefined);
  return kind && { kind, code, message: thrown.message || code };
}

/** The kind of an error with this name or code. */
export function kindOf(name: string, message: string): AwsErrorKind | undefined {
  // The SDK gives this error no name.
  return message.startsWith('Region is missing') ? 'noRegion' : kindOfName.get(name);
}
