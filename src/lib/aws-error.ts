/**
 * The kinds of errors that AWS services send or that the network causes. The caller decides what to
 * do about an error.
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
  /** The resource that the request names does not exist. A missing bucket is `other`. */
  notFound: ['ExecutionDoesNotExist', 'NoSuchKey', 'ResourceNotFoundException', 'StateMachineDoesNotExist'],
  /** The service gets too many requests. The request may succeed later. */
  throttled: [
    'LimitExceededException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ],
  unreachable: [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ECONNREFUSED',
    'ECONNRESET',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EPROTO',
    'ERR_PROXY_TUNNEL',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ETIMEDOUT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'TimeoutError',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  /** The clock of this machine is wrong. */
  clockSkew: ['RequestTimeTooSkewed', 'RequestTimeTooSkewedException'],
} as const;

export type AwsErrorKind = keyof typeof namesOfKind | 'noRegion' | 'other';

const kindOfName = new Map<string, AwsErrorKind>(
  Object.entries(namesOfKind).flatMap(([kind, names]) => names.map((name) => [name, kind as AwsErrorKind] as const)),
);

export interface AwsError {
  readonly kind: AwsErrorKind;
  /** The name that the service gave the error, or the code that the network gave it. */
  readonly code: string;
  readonly message: string;
}

/**
 * Reads an error of AWS. Returns undefined if neither a service nor the network caused the error,
 * or if this process aborted the request.
 */
export function readAwsError(thrown: unknown): AwsError | undefined {
  if (!(thrown instanceof Error) || thrown.name === 'AbortError') return undefined;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  const kind = kindOf(thrown.name, thrown.message) ?? kindOf(code, '') ?? ('$metadata' in thrown ? 'other' : undefined);
  return kind && { kind, code, message: thrown.message || code };
}

/** The kind of an error with this name or code. Undefined if there is no such kind. */
export function kindOf(name: string, message: string): AwsErrorKind | undefined {
  // The SDK's errors for a missing and for a wrong region have no names of their own.
  return /^Region (is missing|not accepted)/.test(message) ? 'noRegion' : kindOfName.get(name);
}
