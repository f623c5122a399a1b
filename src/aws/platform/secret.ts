import { createHash } from 'node:crypto';
import { GetSecretValueCommand, PutSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { SyncError } from '../../errors.ts';
import { readAwsError } from '../../lib/aws-error.ts';
import { isoTime } from '../../lib/clock.ts';
import { rememberSecret } from '../../lib/redact.ts';
import { parseJson } from '../../lib/json.ts';

/** Reads and writes the provider's credentials in Secrets Manager. */

export interface SecretCredentials {
  readonly accessToken: string;
  readonly userId?: string;
  /** The user agent of the browser that the cookies come from. */
  readonly userAgent?: string;
  /**
   * When the credentials were last written, in ISO 8601: the time in the secret, or else the time
   * from Secrets Manager. null if both are unknown.
   */
  readonly since: string | null;
}

const secretSchema = z.object({
  access_token: z.string().min(1),
  user_id: z.string().nullish(),
  user_agent: z.string().nullish(),
  last_updated: z.string().nullish(),
});
/** The shape of a secret that a person wrote by hand, with the cookies of a browser in one text. */
const pastedSchema = z
  .object({ cookies: z.string(), 'user-agent': z.string().optional(), last_updated: z.string().optional() })
  .transform(({ cookies, 'user-agent': user_agent, last_updated }) => ({
    access_token: cookieOf(cookies, 'gp_access_token') ?? '',
    user_id: cookieOf(cookies, 'gp_user_id') ?? null,
    user_agent: user_agent ?? null,
    last_updated: last_updated ?? null,
  }))
  .refine(({ access_token }) => access_token !== '');
const anySecretSchema = z.union([secretSchema, pastedSchema]);

/**
 * Reads the secret and registers its values for redaction. Errors: CREDENTIALS_MISSING. The error
 * quotes no value of the secret.
 */
export async function readSecret(client: SecretsManagerClient, name: string): Promise<SecretCredentials> {
  const reply = await client.send(new GetSecretValueCommand({ SecretId: name })).catch((error: unknown) => {
    throw refusal(name, error);
  });
  const parsed = anySecretSchema.safeParse(parseJson(reply.SecretString ?? ''));
  if (!parsed.success) throw missing(name, 'has no credentials that Cloud Sync can read');
  const { access_token, user_id, user_agent, last_updated } = parsed.data;
  rememberSecret(access_token);
  if (user_id) rememberSecret(user_id);
  return {
    accessToken: access_token,
    ...(user_id && { userId: user_id }),
    ...(user_agent && { userAgent: user_agent }),
    since: dateOf(last_updated) ?? (reply.CreatedDate ? isoTime(reply.CreatedDate.getTime()) : null),
  };
}

/**
 * Writes credentials as the current version of an existing secret, and returns the id of the
 * version. Writing the same credentials twice gives only one version. Errors: those of Secrets
 * Manager.
 */
export async function writeSecret(
  client: SecretsManagerClient,
  name: string,
  { accessToken, userId, userAgent, since }: SecretCredentials,
): Promise<string> {
  const SecretString = JSON.stringify({ access_token: accessToken, user_id: userId, user_agent: userAgent, last_updated: since });
  const ClientRequestToken = createHash('sha256').update(SecretString).digest('hex');
  const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId: name, SecretString, ClientRequestToken }));
  return VersionId ?? ClientRequestToken;
}

/** Parses a date. Returns undefined if the text is not a date. */
function dateOf(text: string | null | undefined): string | undefined {
  return text && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

/**
 * Explains an error of Secrets Manager. The hint says what a person has to do, or that the next run
 * tries again.
 */
function refusal(name: string, error: unknown): SyncError {
  const { kind, code } = readAwsError(error) ?? {};
  if (kind === 'notFound') return missing(name, 'does not exist, or has no value yet');
  if (code === 'InvalidRequestException') return missing(name, 'is about to be deleted');
  if (kind !== 'denied') {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new SyncError('CREDENTIALS_MISSING', `the secret ${name} cannot be read now (${why})`, {
      hint: 'The next run tries again. If that fails too, check the health of Secrets Manager in this region.',
      cause: error,
    });
  }
  return new SyncError('CREDENTIALS_MISSING', `the secret ${name} cannot be read: this function has no permission`, {
    hint: 'Deploy the stack again, which gives the permission. The key that encrypts the secret must also allow this function to read it.',
    cause: error,
  });
}

function missing(name: string, what: string): SyncError {
  return new SyncError('CREDENTIALS_MISSING', `the secret ${name} ${what}`, {
    hint: `Run \`cloud-sync login gopro --to-secret ${name}\`.`,
  });
}

function cookieOf(cookies: string, name: string): string | undefined {
  for (const cookie of cookies.split(';')) {
    const [key, ...value] = cookie.trim().split('=');
    if (key === name && value.length > 0) return value.join('=');
  }
  return undefined;
}
