/**
 * What an error of an AWS service, or of the network before it, means. What to do about the error
 * depends on the caller.
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
  /** The thing that the request names does not exist. A missing bucket is `other`. */
  notFound: ['ExecutionDoesNotExist', 'NoSuchKey', 'ResourceNotFoundException', 'StateMachineDoesNotExist'],
  /** The request succeeds later, when fewer requests are sent. */
  throttled: [
    'LimitExceededException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ],
  unreachable: ['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT', 'TimeoutError'],
  /** The clock of this machine is wrong. */
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

/**
 * undefined: neither a service nor the network caused the error, or this process aborted the
 * request.
 */
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
