import type { Provider } from '../../../media.ts';
import type { RunFinished } from '../../../events.ts';
import { count, formatBytes } from '../../../report/figures.ts';
import { clean } from '../../../lib/log.ts';
import { showHint } from '../../../errors.ts';
import { commandsFor } from '../../commands.ts';
import type { Stage } from '../../../config/stages.ts';
import { reasonOf, shortened, type Caught } from './caught.ts';
import type { Notice } from './credential-episodes.ts';

/**
 * Writes the notifications of a run. No I/O. The texts are small, because they pass through the
 * state machine.
 */

export interface Notification {
  /** Printable ASCII on one line, shorter than the 100 characters that SNS allows. */
  readonly subject: string;
  readonly message: string;
}

/** The run and the deployment that a text names. */
export interface Place {
  readonly stage: Stage;
  readonly provider: Provider;
  /** The name of the secret with the provider's credentials. */
  readonly secret: string;
  /** The name of the run's execution. */
  readonly run: string;
}

/** An original or a medium that is not archived, is lost, or is disputed since this run. */
export interface Problem {
  /** When the file got its present status, in ISO 8601. */
  readonly since: string;
  readonly name: string;
  readonly reason: string;
}

const maxSubject = 99;
const maxMessageBytes = 850;
const maxProblem = 110;
const maxProblems = 4;
const providerNames: Readonly<Record<Provider, string>> = { gopro: 'GoPro' };

/** Writes the notification of a run that completed but did not archive every file. */
export function partialText(
  finished: RunFinished,
  problems: readonly Problem[],
  notices: readonly string[],
  place: Place,
): Notification {
  const { failed, quarantined, pending, lost, disputed } = finished.files;
  const show = commandsFor(place);
  const shown = problems
    .slice(0, maxProblems)
    .map(({ name, reason }) => `- ${shortened(clean(`${name}: ${reason}`), maxProblem)}`);
  const more = failed + quarantined + lost + disputed - shown.length;
  return notification(place, partialSubject(finished), [
    countsLine(finished),
    failed + quarantined > 0
      ? `${show('aws failures')} shows each reason. The next runs try the failed files again. To try the quarantined ones too, run ${show('aws retry')}.`
      : '',
    failed + quarantined === 0 && pending > 0 ? 'The next run archives them.' : '',
    lost > 0
      ? `Lost files are missing, damaged or suspect in the archive, and no longer in the cloud. ${show('aws failures')} names them, ${show('aws accept')} accepts their loss.`
      : '',
    disputed > 0
      ? `Disputed files came twice with the same bytes, and these do not match the cloud's own checksum. ${show('aws failures')} names them.`
      : '',
    ...notices,
    [...shown, ...(shown.length > 0 && more > 0 ? [`… and ${more} more`] : [])].join('\n'),
  ]);
}

function partialSubject({ files: { failed, quarantined, pending, lost, disputed, archived } }: RunFinished): string {
  const left = failed + quarantined + pending;
  const parts = [
    ...(left > 0 || lost + disputed === 0 ? [`${count(left, 'file')} not archived`] : []),
    ...(lost > 0 ? [`${count(lost, 'file')} lost`] : []),
    ...(disputed > 0 ? [`${count(disputed, 'file')} disputed`] : []),
    `${archived} archived`,
  ];
  return parts.join(', ');
}

/** Writes the notification of a clean run that has notices about the credentials. */
export function noticeText(
  notices: readonly Notice[],
  finished: RunFinished,
  ageDays: number | null,
  place: Place,
): Notification {
  const subject = notices.includes('recovered')
    ? `the ${providerNames[place.provider]} credentials work again`
    : credentialsAge(ageDays, place);
  return notification(place, subject, [...noticeSentences(notices, ageDays, place), countsLine(finished)]);
}

/** Writes one sentence for each notice. */
export function noticeSentences(notices: readonly Notice[], ageDays: number | null, place: Place): readonly string[] {
  const provider = providerNames[place.provider];
  return notices.map((notice) =>
    notice === 'aged'
      ? `${upperFirst(credentialsAge(ageDays, place))} and may expire any day. ${renewal(place)}`
      : `${provider} accepts the credentials again; the runs archive as before.`,
  );
}

/** Writes the notification of a run that ended early. `also` is one more paragraph. */
export function failureText(caught: Caught, also: string | undefined, place: Place): Notification {
  const hint = caught.code === undefined ? `${showHint(caught.hint, commandsFor(place))}.` : undefined;
  return notification(place, `the run failed (${caught.name}): ${caught.what}`, [
    withStop(upperFirst(reasonOf(caught))),
    ...(hint === undefined ? [] : [hint]),
    ...(caught.code === 'CREDENTIALS_MISSING' ? [renewal(place)] : []),
    ...(also === undefined ? [] : [also]),
    'Archived files stay, and the next run continues where this one ended.',
  ]);
}

/**
 * Writes the notification for credentials that the provider refuses. For a reminder, `since` is the
 * time in ISO 8601 when the refusals began.
 */
export function expiryText(since: string | undefined, place: Place): Notification {
  const provider = providerNames[place.provider];
  const subject = `${provider} ${since === undefined ? 'refuses' : 'still refuses'} the credentials`;
  return notification(place, subject, [
    `${provider} refuses the credentials in the secret ${place.secret}${since === undefined ? '' : ` since ${since.slice(0, 10)}`}. Nothing is archived until they are renewed.`,
    renewal(place),
    'No file failed because of this: the next run continues where this one ended. You get a reminder every 7 days until the credentials work.',
  ]);
}

/** Writes a line with the counts of a run. */
export function countsLine({ files, bytes }: RunFinished): string {
  const parts: readonly (readonly [number, string])[] = [
    [files.failed, 'failed'],
    [files.quarantined, 'quarantined after failing too often'],
    [files.lost, 'lost'],
    [files.disputed, 'disputed'],
    [files.pending, 'not reached'],
    [files.waiting, 'not ready at the provider'],
    [files.accepted, 'accepted as they are'],
  ];
  const others = parts.filter(([number]) => number > 0).map(([number, word]) => `, ${number.toLocaleString('en')} ${word}`);
  const proven = files.proven > 0 ? `, ${files.proven.toLocaleString('en')} proven` : '';
  return `${count(files.archived, 'file')} archived (${formatBytes(bytes.archived)}${proven}), ${files.skipped.toLocaleString('en')} archived before${others.join('')}.`;
}

/**
 * Writes a line about the whole archive. It is for a run that ended before its work was counted.
 */
export function archiveLine({ files }: RunFinished): string {
  const left = files.failed + files.quarantined + files.pending + files.waiting;
  const lost = files.lost > 0 ? `, ${files.lost.toLocaleString('en')} lost` : '';
  return `${count(files.archived + files.skipped, 'file')} in the archive, ${left.toLocaleString('en')} not archived${lost}.`;
}

function credentialsAge(ageDays: number | null, { provider }: Place): string {
  return `the ${providerNames[provider]} cookies are ${count(Math.floor(ageDays ?? 0), 'day')} old`;
}

function renewal(place: Place): string {
  const { provider } = place;
  return `To renew them, sign in to ${providerNames[provider]} in a browser and run ${commandsFor(place)(`login ${provider}`)}.`;
}

function notification({ stage, run }: Place, subject: string, paragraphs: readonly string[]): Notification {
  const service = stage === 'prod' ? 'Cloud Sync' : `Cloud Sync (${stage})`;
  const text = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
  const end = `\n\nRun ${run}`;
  const message = withinBytes(text, maxMessageBytes - Buffer.byteLength(end)) + end;
  return { subject: shortenedAscii(`${service}: ${subject}`), message };
}

function shortenedAscii(text: string): string {
  const ascii = text.replaceAll('\n', ' ').replace(/[^\x20-\x7e]/g, '?');
  return ascii.length <= maxSubject ? ascii : `${ascii.slice(0, maxSubject - 3)}...`;
}

/** Shortens a text that has too many bytes in UTF-8. It cuts between two characters. */
function withinBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, maxBytes - Buffer.byteLength('…'))).replace(/\uFFFD+$/, '');
  return `${kept}…`;
}

function withStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
