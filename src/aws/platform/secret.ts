import { createHash } from 'node:crypto';
import {
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { SyncError } from '../../errors.ts';
import { isoTime } from '../../lib/clock.ts';
import { rememberSecret } from '../../lib/redact.ts';

/** The provider's credentials as Secrets Manager keeps them. */

export interface SecretCredentials {
  readonly accessToken: string;
  readonly userId?: string;
  /** The browser that the cookies come from. */
  readonly userAgent?: string;
  /** When they were last written, by their own word or by Secrets Manager's; ISO 8601. */
  readonly since: string | null;
}

const ours = z.object({
  access_token: z.string().min(1),
  user_id: z.string().nullish(),
  user_agent: z.string().nullish(),
  last_updated: z.string().nullish(),
});
/** As a person may have pasted it: the line of cookies that the browser sends. */
const pasted = z
  .object({ cookies: z.string(), 'user-agent': z.string().optional(), last_updated: z.string().optional() })
  .transform(({ cookies, 'user-agent': user_agent, last_updated }) => ({
    access_token: cookieOf(cookies, 'gp_access_token') ?? '',
    user_id: cookieOf(cookies, 'gp_user_id') ?? null,
    user_agent: user_agent ?? null,
    last_updated: last_updated ?? null,
  }))
  .refine(({ access_token }) => access_token !== '');
const record = z.union([ours, pasted]);

/** Reads the secret; from here on its values are kept out of all output. Errors: CREDENTIALS_MISSING, which never quotes what is in it. */
export async function readSecret(client: SecretsManagerClient, name: string): Promise<SecretCredentials> {
  const reply = await client.send(new GetSecretValueCommand({ SecretId: name })).catch((error: unknown) => {
    throw refusal(name, error);
  });
  const parsed = record.safeParse(parseJson(reply.SecretString ?? ''));
  if (!parsed.success) throw missing(name, 'holds no credentials that Cloud Sync can read');
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
 * Writes credentials as the current version of a secret that exists: one of another name would be read by nobody. The same ones written twice are one
 * version. Returns its id. Errors: Secrets Manager's.
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

/** A text that is no date says nothing. */
function dateOf(text: string | null | undefined): string | undefined {
  return text && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

/** Why there is no answer: until a person does something, or only for now. */
function refusal(name: string, error: unknown): SyncError {
  if (error instanceof ResourceNotFoundException) return missing(name, 'does not exist, or has no value yet');
  if (error instanceof InvalidRequestException) return missing(name, 'is about to be deleted');
  if (!(error instanceof Error) || error.name !== 'AccessDeniedException') {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new SyncError('CREDENTIALS_MISSING', `the secret ${name} cannot be read now (${why})`, {
      hint: 'It is tried again by the next run. If it stays, look at the health of Secrets Manager in this region.',
      cause: error,
    });
  }
  return new SyncError('CREDENTIALS_MISSING', `the secret ${name} may not be read by this function`, {
    hint: 'Deploy the stack again, which allows it; the key that encrypts the secret has to allow it, too.',
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
