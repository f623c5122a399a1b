import { SyncError } from '../../errors.ts';

/** What AWS or the way to it answers, by the error's name, its code where there was no answer, or the begin of its message. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [/^Region is missing/, 'Name the region of the service with AWS_REGION, or in the AWS profile.'],
  [
    /^(CredentialsProviderError|TokenProviderError|ExpiredToken(Exception)?|InvalidClientTokenId|UnrecognizedClientException|InvalidSignatureException|IncompleteSignature(Exception)?|MissingAuthenticationToken(Exception)?|InvalidAccessKeyId)$/,
    'Set or renew the AWS credentials that the standard chain finds (environment, profile, role), and check that they are of the account of the service.',
  ],
  [/^(AccessDenied(Exception)?|NotAuthorized|UnauthorizedOperation)$/, 'Use AWS credentials that may do this.'],
  [/^(Throttling(Exception)?|TooManyRequestsException|LimitExceededException|RequestLimitExceeded)$/, 'Try again in a minute.'],
  [
    /^(ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENETUNREACH|ENOTFOUND|ETIMEDOUT|TimeoutError)$/,
    'Check the network, AWS_REGION and, if one is set, AWS_ENDPOINT_URL.',
  ],
  [/^RequestTimeTooSkewed(Exception)?$/, "Set this machine's clock; AWS refuses requests that are more than a few minutes off."],
];

/** What a service answers when the thing asked about is not there, with how to say so. */
export type Missing = Readonly<Record<string, () => SyncError>>;

/**
 * The answer of AWS to a request for `what`, a phrase such as "start a run". Errors: USAGE for everything that AWS or the way to it refuses,
 * `missing` for what is named there.
 */
export async function askAws<Answer>(what: string, ask: () => Promise<Answer>, missing: Missing = {}): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw translated(error, what, missing);
  }
}

function translated(thrown: unknown, what: string, missing: Missing): unknown {
  if (thrown instanceof SyncError || !(thrown instanceof Error) || thrown.name === 'AbortError') return thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  const named = missing[thrown.name]?.();
  if (named) return named;
  const hint = explanations.find(([shape]) => [thrown.name, code, thrown.message].some((text) => shape.test(text)))?.[1];
  if (hint === undefined && !('$metadata' in thrown)) return thrown;
  return new SyncError('USAGE', `cannot ${what}: ${thrown.message || code} (${code})`, {
    cause: thrown,
    hint: hint ?? 'Check that the service is deployed in this account and region (AWS_REGION).',
  });
}

/** Of every client: what is asked here answers at once or not at all. */
export const clientOptions = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
} as const;
