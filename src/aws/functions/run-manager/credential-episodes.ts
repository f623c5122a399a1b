import { z } from 'zod';
import { ageMs } from '../../../lib/clock.ts';

/**
 * Decides when to notify a person about the provider's credentials. A notice is due when the
 * credentials expire, and then every week until they are renewed. One notice is due when they work
 * again, and one when they grow old. A repeated step of the same run gets the same notices, because
 * the first reply may have been lost. No I/O.
 */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const reminderMs = 7 * dayMs;
/** A reminder may be this much early, because nightly runs do not all begin at the same minute. */
const slackMs = 2 * hourMs;
/** Cookies that are this old may expire any day. */
export const oldAgeDays = 5;
/**
 * The write time of credentials is not exact, because it is computed from their rounded age. Two
 * write times that differ by less than this belong to the same credentials.
 */
const sameCredentialsMs = dayMs;

const moment = z.iso.datetime();
const episodesShape = z.object({
  /**
   * `since` is when the provider began to refuse the credentials. `toldAt` and `toldBy` are the
   * time and the run of the last notice. `expired` is null while the credentials work.
   */
  expired: z.object({ since: moment, toldAt: moment, toldBy: z.string() }).nullable(),
  /** The run that notified a person that the credentials work again. */
  recoveredBy: z.string().nullable(),
  /**
   * The notice about old credentials: when those credentials were written, and which run sent the
   * notice.
   */
  aged: z.object({ credentialsSince: moment, toldBy: z.string() }).nullable(),
});

/** A record of the notices so far. The tracker stores it. */
export type Episodes = Readonly<z.infer<typeof episodesShape>>;

export const noEpisodes: Episodes = { expired: null, recoveredBy: null, aged: null };

export type CredentialEvent = { readonly kind: 'expired' } | { readonly kind: 'valid'; readonly ageDays: number | null };

/** The kinds of notices. `still-expired` is the weekly reminder. */
export type Notice = 'expired' | 'still-expired' | 'recovered' | 'aged';

export interface Asking {
  readonly nowMs: number;
  /** The name of the run's execution. */
  readonly run: string;
}

export interface Decision {
  readonly episodes: Episodes;
  /** The notices to send now. */
  readonly notices: readonly Notice[];
}

export function decide(before: Episodes, event: CredentialEvent, asking: Asking): Decision {
  return event.kind === 'expired' ? expired(before, asking) : valid(before, event.ageDays, asking);
}

function expired(before: Episodes, { nowMs, run }: Asking): Decision {
  const now = new Date(nowMs).toISOString();
  const known = before.expired;
  if (!known) {
    const episodes = { ...before, expired: { since: now, toldAt: now, toldBy: run }, recoveredBy: null };
    return { episodes, notices: ['expired'] };
  }
  if (known.toldBy === run) return { episodes: before, notices: [known.toldAt === known.since ? 'expired' : 'still-expired'] };
  if ((ageMs(known.toldAt, nowMs) ?? Infinity) < reminderMs - slackMs) return { episodes: before, notices: [] };
  return { episodes: { ...before, expired: { ...known, toldAt: now, toldBy: run } }, notices: ['still-expired'] };
}

function valid(before: Episodes, ageDays: number | null, asking: Asking): Decision {
  const recoveredBy = before.expired ? asking.run : before.recoveredBy;
  const aged = agedAfter(before.aged, ageDays, asking);
  const notices: Notice[] = [];
  if (recoveredBy === asking.run) notices.push('recovered');
  if (aged?.toldBy === asking.run) notices.push('aged');
  return { episodes: { expired: null, recoveredBy, aged }, notices };
}

function agedAfter(before: Episodes['aged'], ageDays: number | null, { nowMs, run }: Asking): Episodes['aged'] {
  if (ageDays === null) return before;
  if (ageDays < oldAgeDays) return null;
  const sinceMs = nowMs - ageDays * dayMs;
  const isSame = before !== null && sinceMs - Date.parse(before.credentialsSince) < sameCredentialsMs;
  return isSame ? before : { credentialsSince: new Date(sinceMs).toISOString(), toldBy: run };
}

/**
 * Parses the record of notices. If the text is unreadable, the record is empty. At worst a notice
 * is then sent twice.
 */
export function parseEpisodes(text: string | undefined): Episodes {
  try {
    return episodesShape.parse(JSON.parse(text ?? 'null'));
  } catch {
    return noEpisodes;
  }
}
