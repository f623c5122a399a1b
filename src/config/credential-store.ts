import { z } from 'zod';
import { SyncError } from '../errors.ts';

/** What opens one library, as it is kept between runs. All values are opaque. */
export interface StoredCredentials {
  readonly accessToken: string;
  readonly userId?: string;
  /** The browser that the cookies come from. */
  readonly userAgent?: string;
  /** When they were last stored; ISO 8601. */
  readonly lastUpdated: string;
}

export type StoreName = 'keychain' | 'age' | 'file';

/** A place on this machine that keeps credentials. */
export interface CredentialStore {
  readonly name: StoreName;
  /** For a person; never holds a secret. */
  readonly description: string;
  /** undefined: it has none, or does not work on this machine. Errors: CREDENTIALS_MISSING (cannot be opened), CONFIG_UNREADABLE. */
  load(): Promise<StoredCredentials | undefined>;
  /** False: it does not work on this machine; nothing was written. */
  save(credentials: StoredCredentials): Promise<boolean>;
  /** Forgets them. Never throws for what is not there. */
  clear(): Promise<void>;
}

const record = z.object({
  gopro: z.object({
    access_token: z.string().min(1),
    user_id: z.string().optional(),
    user_agent: z.string().optional(),
    last_updated: z.string(),
  }),
});

/** The one form in which every store keeps credentials. */
export function serialise({ accessToken, userId, userAgent, lastUpdated }: StoredCredentials): string {
  const gopro = { access_token: accessToken, user_id: userId, user_agent: userAgent, last_updated: lastUpdated };
  return `${JSON.stringify({ gopro }, null, 2)}\n`;
}

/** Errors: CONFIG_UNREADABLE, which never quotes the content. */
export function deserialise(text: string, where: string): StoredCredentials {
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SyncError('CONFIG_UNREADABLE', `${where} holds no credentials that Cloud Sync can read`, {
      hint: 'Run `cloud-sync login gopro` to write them anew.',
    });
  }
  const { access_token, user_id, user_agent, last_updated } = parsed.data.gopro;
  return {
    accessToken: access_token,
    ...(user_id && { userId: user_id }),
    ...(user_agent && { userAgent: user_agent }),
    lastUpdated: last_updated,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
