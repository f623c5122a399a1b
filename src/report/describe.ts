import { clean } from '../lib/log.ts';
import type { Event, Progress } from '../events.ts';
import type { Proof } from '../media.ts';
import { count, formatBytes, formatDuration } from './figures.ts';

type Described = Exclude<
  Event,
  { readonly type: 'run.finished' | 'progress' | 'file.started' | 'credentials.valid' | 'listing.started' | 'listing.page' }
>;
type DescribedAs<Type extends Described['type']> = Extract<Described, { readonly type: Type }>;
type Descriptions = { readonly [Type in Described['type']]: (event: DescribedAs<Type>) => string };

/**
 * Makes one line for each event that a person wants to read. Names and reasons come from other
 * systems, so the caller escapes all control characters in the line.
 */
const descriptions: Descriptions = {
  'run.started': describeStart,
  'archive.created': ({ archiveId, path }) => `New archive ${archiveId} in ${path}`,
  'archive.adopted': ({ files }) => `Adopted ${count(files, 'file')} that the archive already has`,
  'listing.finished': ({ mode, listed, added, changed, gone }) =>
    `Library: ${count(listed, 'medium', 'media')}, ${added} new, ${changed} changed, ${gone} gone (${mode} listing)`,
  'plan.finished': describePlan,
  'medium.planned': ({ mediaId, name, sizeHintBytes, waiting }) => {
    const size = sizeHintBytes === null ? 'size unknown' : `about ${formatBytes(sizeHintBytes)}`;
    return `${waiting ? 'would ask again about' : 'would archive'} ${name || '(no name)'} (${mediaId}), ${size}`;
  },
  'medium.waiting': ({ mediaId, name, reason }) => `waiting   ${name || '(no name)'} (${mediaId}): ${reason}`,
  'medium.sourceDeleted': ({ mediaId, name }) =>
    `deleted   ${name || '(no name)'} (${mediaId}): it was deleted in the cloud before it was archived`,
  'medium.failed': ({ mediaId, name, reason }) => `failed    ${name || '(no name)'} (${mediaId}): ${reason}`,
  'file.retried': ({ key, reason, delayMs }) => `retrying  ${key} in ${formatDuration(delayMs)}: ${reason}`,
  'file.restarted': ({ key, reason }) => `restarted ${key}: ${reason}`,
  'file.archived': ({ key, sizeBytes, proof }) => `archived  ${key}  ${formatBytes(sizeBytes)}${describeProof(proof)}`,
  'file.failed': ({ key, reason }) => `failed    ${key}: ${reason}`,
  'restore.planned': ({ files, bytes, leftOut }) =>
    `To do: ${count(files, 'file')}, ${formatBytes(bytes)}${leftOut === 0 ? '' : `; ${count(leftOut, 'file')} left out`}`,
  'copy.planned': ({ files, bytes, skipped, leftOut }) => {
    const others = leftOut === 0 ? '' : `, ${count(leftOut, 'file')} left out`;
    return `To do: ${count(files, 'file')}, ${formatBytes(bytes)}; ${count(skipped, 'file')} already there${others}`;
  },
  'thaw.planned': describeThaw,
  'file.thawing': ({ key, hours }) => `thawing   ${key}: can be read in ${count(hours, 'hour')} at the latest`,
  'thaw.waiting': ({ files, bytes, forMs }) =>
    `Waiting for ${count(files, 'file')}, ${formatBytes(bytes)}, that the store thaws; looking again in ${formatDuration(forMs)}`,
  'file.renamed': ({ key, path, reason }) => `renamed   ${key}: ${reason}; it becomes ${path}`,
  'file.restored': ({ path, sizeBytes, proof }) => `restored  ${path}  ${formatBytes(sizeBytes)}${describeProof(proof)}`,
  'file.planned': ({ key, path, sizeBytes }) => `would copy ${key} → ${path}  ${formatBytes(sizeBytes)}`,
  'file.setAside': ({ key, movedTo }) => `set aside ${key} because it is damaged: moved to ${movedTo}`,
  'host.paused': ({ host, forMs }) => `${host} asks to wait ${formatDuration(forMs)}`,
  warning: ({ message, hint }) => `warning: ${message}${hint === undefined ? '' : `. ${hint}`}`,
  'check.planned': describeCheck,
  'file.missing': ({ path, ...loss }) => `missing   ${path}${loss.lost ? `: ${describeLoss(loss)}` : ''}`,
  'file.damaged': ({ path, reason, ...loss }) => `damaged   ${path}: ${reason}${loss.lost ? `; ${describeLoss(loss)}` : ''}`,
  'file.suspect': ({ path, reason, ...loss }) => `suspect   ${path}: ${reason}${loss.lost ? `; ${describeLoss(loss)}` : ''}`,
  'file.disputed': ({ path, reason }) => `disputed  ${path}: ${reason}`,
  'file.superseded': ({ path }) => `superseded ${path}: a later revision replaces it`,
  'file.unreadable': ({ path, reason }) => `unreadable ${path}: ${reason}`,
  'file.lost': ({ path, mark, ...loss }) => `lost      ${path}: ${mark.toLowerCase()}; ${describeLoss(loss)}`,
  'medium.incomplete': (event) => `missing   ${describeIncomplete(event)}`,
  'file.unknown': ({ path }) => `unknown   ${path}`,
};

/** The line for an event. Undefined if people need no line for this event. */
export function describe(event: Event): string | undefined {
  const line = (descriptions as Readonly<Record<string, ((event: Event) => string) | undefined>>)[event.type];
  // Only the text about a thaw has several lines, and none of them comes from another system.
  return line && (event.type === 'thaw.planned' ? line(event) : clean(line(event)));
}

function describeProof(proof: Proof): string {
  return proof === 'none' ? '' : `  ${proof}`;
}

function describeCheck({ days, files, bytes, unreadable, requests, usd = 0, prices }: DescribedAs<'check.planned'>): string {
  const cost = requests === undefined ? '' : `; ${count(requests, 'request')}, about ${usd.toFixed(2)} USD (${prices})`;
  const left = unreadable === 0 ? '' : `; ${count(unreadable, 'file')} in an archive class cannot be read`;
  return `Reading ${count(files, 'file')} again, ${formatBytes(bytes)}, so that no byte stays unread for ${count(days, 'day')}${cost}${left}`;
}

function describeThaw({ tier, days, groups, thawing, thawed, prices }: DescribedAs<'thaw.planned'>): string {
  const lines = groups.flatMap(({ storageClass, files, bytes, tiers, sendingUsd }) => [
    `${count(files, 'frozen file')} in ${storageClass}, ${formatBytes(bytes)}:`,
    ...Object.entries(tiers).map(([name, terms]) => {
      const cost = terms ? `${formatUsd(terms.usd)}, readable within ${count(terms.hours, 'hour')}` : 'the price is not known';
      return `  ${name === tier ? '→' : ' '} ${name.padEnd(8)}  ${cost}`;
    }),
    `    then       ${sendingUsd === null ? 'the price of reading them is not known' : `${formatUsd(sendingUsd)} for sending them over the internet`}`,
  ]);
  const others = [
    ...(thawing > 0 ? [`The store thaws ${count(thawing, 'file')} already.`] : []),
    ...(thawed > 0 ? [`${count(thawed, 'thawed file')} can be read now.`] : []),
  ];
  if (lines.length === 0) return ['No file has to be thawed.', ...others].join('\n');
  return [...lines, ...others, `Readable for ${count(days, 'day')} then. Prices: ${prices}.`].join('\n');
}

function formatUsd(usd: number): string {
  return `${usd.toFixed(2)} USD`;
}

function describeStart({ kind, provider, destination, dryRun, from }: DescribedAs<'run.started'>): string {
  if (kind === 'verify') return `Verifying ${destination}`;
  if (kind === 'thaw') return `Thawing ${destination}`;
  const words = { sync: 'Archiving', 'dry-run': 'Archiving', restore: 'Restoring', copy: 'Copying' };
  return `${dryRun ? 'Planning only:' : words[kind]} ${from ?? provider ?? ''} → ${destination}`;
}

/** Media that were not ready are named apart, because they may still not be ready. */
function describePlan({ media, waiting, leftOut, sizeHintBytes }: Extract<Event, { type: 'plan.finished' }>): string {
  const ready = media - waiting;
  const work = [
    ...(ready === 0 ? [] : [`${count(ready, 'medium', 'media')}, about ${formatBytes(sizeHintBytes)}`]),
    ...(waiting === 0 ? [] : [`ask again about ${count(waiting, 'medium', 'media')} not ready in the last run`]),
  ];
  const others = leftOut === 0 ? '' : `; the filters leave out ${count(leftOut, 'medium', 'media')} not archived yet`;
  return `${work.length === 0 ? 'Nothing to do' : `To do: ${work.join('; ')}`}${others}`;
}

/** Says that no run can fetch a file again, and where its last copy is. */
export function describeLoss({ lastCopy }: { readonly lastCopy: string | null }): string {
  return `the cloud no longer has it, and ${lastCopy === null ? 'the archive has no copy' : `its last copy is ${lastCopy}`}`;
}

/** Names a medium of which the archive lacks files. */
export function describeIncomplete({ mediaId, name, missing, lost }: Extract<Event, { type: 'medium.incomplete' }>): string {
  return `${count(missing, 'file')} of ${name || '(no name)'} (${mediaId})${lost ? '; the cloud no longer has the medium' : ''}`;
}

/** Describes the progress of the whole run. */
export function describeProgress(progress: Progress): string {
  const { filesDone, mediaDone, mediaTotal, bytesDone, bytesTotal, bytesPerSecond, remainingMs } = progress;
  const left = remainingMs === null ? '' : `, ${formatDuration(Math.ceil(remainingMs / 1000) * 1000)} left`;
  const done = `${count(filesDone, 'file')}, ${mediaDone} of ${count(mediaTotal, 'medium', 'media')}`;
  return `${done}, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${formatBytes(bytesPerSecond)}/s${left}`;
}
