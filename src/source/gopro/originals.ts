/**
 * Decides which files of a medium are originals. The shape of the download reply decides, never the
 * medium's type. No I/O.
 *
 * - Every variation with the label `source` is an original: one for each chapter.
 * - `files` are transcoded proxies, unless they are the frames of a set (see `isFrameSet`). Then
 *   a `source` variation is only the cover of the set.
 * - The sidecar `raw_photo` is the RAW original. All other sidecars are archived on request. One of
 *   them is `baked_source`, the rendering of an edit.
 * - All other entries (`concat`, proxies, sprites) are never originals.
 */
import { allRoles, type OfferedOriginal, type OriginalIdentity, type Role } from '../../media.ts';
import type { Resolution } from '../source.ts';
import type { DownloadReply, ReplyEntry } from './schema.ts';

/**
 * The label for frames, which have no label in the reply. It differs from `source`, so that a frame
 * never gets the identity of the set's cover.
 */
const frameLabel = 'frame';

const stillExtensions = new Set(['jpg', 'jpeg', 'png', 'gpr', 'heic', 'heif', 'dng', 'tif', 'tiff', 'webp']);

/**
 * Types in a reply that are also file extensions. Any other type may be something else, such as the
 * name of a codec.
 */
const otherExtensions = new Set(
  'mp4 mov m4v 360 lrv mkv avi gif wav m4a mp3 aac flac json gpx kml csv xml txt bin zip edl'.split(' '),
);

/** The labels of renderings for viewing. Entries with these labels are skipped everywhere. */
const proxyLabel = /proxy|^concat$|^mp4_low$|^timelapse_video$/;

/** The query parameters that sign a URL. They differ in each reply, even for the same file. */
const signatureParameter = /^(x-amz-.*|expires|signature|key-pair-id|policy|awsaccesskeyid)$/i;

/** An entry that may be archived. Perhaps it cannot be downloaded yet. */
interface Candidate {
  readonly identity: Omit<OriginalIdentity, 'ordinal'>;
  readonly entry: ReplyEntry;
  /** Undefined if the entry cannot be downloaded yet. */
  readonly url: URL | undefined;
}

/**
 * The originals of one medium in `roles`. A file has the same identity in every reply. The identity
 * is made of the fields of its entry. It does not depend on the URL or on other kinds of entries.
 * Entries with equal fields differ only in their order. So every entry gets an ordinal, even if it
 * is unavailable.
 */
export function resolveOriginals(mediaId: string, reply: DownloadReply, roles: readonly Role[]): Resolution {
  const candidates = candidatesOf(mediaId, reply);
  const wanted = withOrdinals(candidates).filter(({ identity }) => roles.includes(identity.role));
  const originals = wanted.flatMap((candidate) => offered(candidate, reply.filename) ?? []).toSorted(byRoleAndNumber);
  return {
    originals,
    unavailable: wanted.length - originals.length,
    outOfScope: wanted.length === 0 && candidates.length > 0,
  };
}

function candidatesOf(mediaId: string, { files, variations, sidecars }: DownloadReply): readonly Candidate[] {
  const candidate = (role: Role, label: string) => (entry: ReplyEntry) => toCandidate(mediaId, { role, label, entry });
  const sources = withoutRepeats(variations.filter(({ label }) => label === 'source').map(candidate('source', 'source')));
  const frames = withoutRepeats(files.map(candidate('source', frameLabel)));
  const main = [
    ...(isFrameSet(frames, sources) ? frames : sources),
    ...sidecars.filter(({ label }) => label === 'raw_photo').map(candidate('raw', 'raw_photo')),
    ...variations.filter(({ label }) => label === 'baked_source').map(candidate('edit', 'baked_source')),
  ];
  // Sidecars and proxies may be in a reply before the original is available.
  if (main.length === 0 && files.length + variations.length > 0) return [];
  const others = sidecars.filter(({ label }) => label !== 'raw_photo' && !proxyLabel.test(label));
  return withoutRepeats([...main, ...others.map((entry) => candidate('sidecar', entry.label || 'sidecar')(entry))]);
}

function toCandidate(
  mediaId: string,
  of: { readonly role: Role; readonly label: string; readonly entry: ReplyEntry },
): Candidate {
  const { role, label, entry } = of;
  const { type, position, itemNumber, available } = entry;
  const url = entry.url === null ? null : URL.parse(entry.url);
  const usable = available && url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  return { identity: { mediaId, role, label, type, position, itemNumber }, entry, url: usable ? url : undefined };
}

/**
 * Whether `files` are the frames of a burst, a continuous shot or a time lapse. This needs at least
 * two different item numbers, more entries than `source` variations, and only still images. The
 * `source`, if there is one, must be a still image too. Entries without a URL do not count.
 */
function isFrameSet(frames: readonly Candidate[], sources: readonly Candidate[]): boolean {
  const numbers = new Set(frames.map(({ identity }) => identity.itemNumber).filter((number) => number !== null));
  return (
    numbers.size >= 2 &&
    frames.length > sources.length &&
    frames.every(({ entry }) => entry.url === null || stillExtensions.has(extensionOf(entry.url))) &&
    sources.every(({ entry }) => stillExtensions.has(extensionOf(entry.url ?? '') || entry.type))
  );
}

/**
 * Leaves out repeated entries. Two entries are the same if their fields and addresses are equal.
 * The signatures of the addresses may differ.
 */
function withoutRepeats(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const distinct = new Map<unknown, Candidate>();
  for (const candidate of candidates) {
    const { identity, url } = candidate;
    const address = url && url.pathname + [...url.searchParams].filter(([name]) => !signatureParameter.test(name)).join('&');
    // Equal entries without an address may be different files.
    const key = address === undefined ? candidate : JSON.stringify([alike(identity), address]);
    if (!distinct.has(key)) distinct.set(key, candidate);
  }
  return [...distinct.values()];
}

function withOrdinals(candidates: readonly Candidate[]): (Candidate & { readonly identity: OriginalIdentity })[] {
  const counts = new Map<string, number>();
  return candidates.map((candidate) => {
    const key = alike(candidate.identity);
    const ordinal = (counts.get(key) ?? 0) + 1;
    counts.set(key, ordinal);
    return { ...candidate, identity: { ...candidate.identity, ordinal } };
  });
}

function alike({ role, label, type, position, itemNumber }: Candidate['identity']): string {
  return JSON.stringify([role, label, type, position, itemNumber]);
}

function offered(candidate: Candidate & { readonly identity: OriginalIdentity }, filename: string): OfferedOriginal | undefined {
  const { identity, entry, url } = candidate;
  if (url === undefined) return undefined;
  const headUrl = URL.parse(entry.headUrl ?? '')?.href ?? null;
  return { ...identity, extension: extensionFor(identity, url.href, filename), url: url.href, headUrl };
}

/**
 * An edit may have the type `json`, which is the type of its description. So the extension of an
 * edit comes from its address first.
 */
function extensionFor({ role, type }: OriginalIdentity, url: string, filename: string): string {
  const plausible = stillExtensions.has(type) || (otherExtensions.has(type) && (role === 'sidecar' || type !== 'json'));
  const stated = plausible ? type : '';
  const served = extensionOf(url);
  return (role === 'edit' ? served || stated : stated || served) || extensionOf(filename) || 'bin';
}

/** The extension of a file name or of a URL's path, in lower case. Empty if there is none. */
function extensionOf(name: string): string {
  const path = URL.parse(name)?.pathname ?? name;
  return /[^/.]\.([a-z0-9]{2,5})$/i.exec(path)?.[1]?.toLowerCase() ?? '';
}

/**
 * Sorts by role and number. Originals without a number come last. Equal originals stay in the order
 * of the reply, because sorting is stable.
 */
function byRoleAndNumber(a: OfferedOriginal, b: OfferedOriginal): number {
  const last = Number.MAX_SAFE_INTEGER;
  return allRoles.indexOf(a.role) - allRoles.indexOf(b.role) || (a.itemNumber ?? last) - (b.itemNumber ?? last);
}
