import { z } from 'zod';
import { SyncError } from '../../errors.ts';
import { parseJson } from '../../lib/json.ts';

/** The stored credentials of one library. The program does not interpret their values. */
export interface StoredCredentials {
  readonly accessToken: string;
  readonly userId?: string;
  /** The user agent of the browser that the cookies come from. */
  readonly userAgent?: string;
  /** The time when the credentials were last stored, in ISO 8601. */
  readonly lastUpdated: string;
}

export type StoreName = 'keychain' | 'age' | 'file';

/** A place on this machine where credentials can be stored. */
export interface CredentialStore {
  readonly name: StoreName;
  /** Describes the store to a person. It never contains a secret. */
  readonly description: string;
  /**
   * Returns undefined only if the store is certainly empty. Errors: CREDENTIALS_MISSING (the store
   * cannot be reached, or the passphrase is missing or wrong), CONFIG_UNREADABLE.
   */
  load(): Promise<StoredCredentials | undefined>;
  /**
   * Whether the store has credentials, even if this process cannot decode them. Asks for no
   * passphrase. Errors: CREDENTIALS_MISSING, CONFIG_UNREADABLE.
   */
  hasAny(): Promise<boolean>;
  /**
   * Saves the credentials. Errors: CREDENTIALS_MISSING if the store does not work on this machine,
   * CONFIG_UNREADABLE. After an error the store is unchanged.
   */
  save(credentials: StoredCredentials): Promise<void>;
  /** Removes the credentials. Returns whether there were any. Errors: the same as `load`. */
  clear(): Promise<boolean>;
}

const record = z.object({
  gopro: z.object({
    access_token: z.string().min(1),
    user_id: z.string().optional(),
    user_agent: z.string().optional(),
    last_updated: z.string(),
  }),
});

/** Encodes credentials as text. All stores use this form. */
export function serialise({ accessToken, userId, userAgent, lastUpdated }: StoredCredentials): string {
  const gopro = { access_token: accessToken, user_id: userId, user_agent: userAgent, last_updated: lastUpdated };
  return `${JSON.stringify({ gopro }, null, 2)}\n`;
}

/**
 * Decodes stored credentials. Errors: CONFIG_UNREADABLE, with a message that never quotes the text.
 */
export function deserialise(text: string, where: string): StoredCredentials {
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SyncError('CONFIG_UNREADABLE', `${where} holds no credentials that Cloud Sync can read`, {
      hint: 'Run `cloud-sync login gopro` to store new credentials.',
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
