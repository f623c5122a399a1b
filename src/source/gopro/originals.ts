/**
 * Which files of a medium are its originals, decided by the shape of the download reply and never
 * by the medium's type. Pure.
 *
 * - Every variation labelled `source` is an original: one per chapter.
 * - `files` are transcoded proxies, unless they are the frames of a set (see `isFrameSet`); then a
 *   `source` variation is only its cover.
 * - The sidecar `raw_photo` is the RAW original. `baked_source`, the rendering of an edit, and all
 *   other sidecars are taken on request.
 * - Everything else (`concat`, proxies, sprites) never is.
 */
import { allRoles, type OfferedOriginal, type OriginalIdentity, type Role } from '../../media.ts';
import type { Resolution } from '../source.ts';
import type { DownloadReply, ReplyEntry } from './schema.ts';

/**
 * Frames have no label of their own. Theirs differs from `source`, so that a frame never takes the
 * identity of the set's cover.
 */
const frameLabel = 'frame';

const stillExtensions = new Set(['jpg', 'jpeg', 'png', 'gpr', 'heic', 'heif', 'dng', 'tif', 'tiff', 'webp']);

/** The provider's types that are extensions too. Others may be anything, such as a codec's name. */
const otherExtensions = new Set(
  'mp4 mov m4v 360 lrv mkv avi gif wav m4a mp3 aac flac json gpx kml csv xml txt bin zip edl'.split(' '),
);

/** Renderings for viewing, wherever they appear. */
const proxyLabel = /proxy|^concat$|^mp4_low$|^timelapse_video$/;

/** Query parameters of signed URLs: they differ from call to call for the same file. */
const signatureParameter = /^(x-amz-.*|expires|signature|key-pair-id|policy|awsaccesskeyid)$/i;

/** An entry that is of value, whether or not it can be downloaded now. */
interface Candidate {
  readonly identity: Omit<OriginalIdentity, 'ordinal'>;
  readonly entry: ReplyEntry;
  /** Undefined when there is nothing to download yet. */
  readonly url: URL | undefined;
}

/**
 * The originals of one medium in `roles`. The same file gets the same identity from every reply: an
 * identity is made of the entry's own fields only, never of its URL or of its place among other
 * kinds of entries, and counts what is not available yet. Entries that have all fields in common
 * differ by their order, which is all that the provider gives.
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
  // Sidecars beside mere proxies come before their original, which is still to follow.
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
 * Whether `files` are the frames of a burst, a continuous shot or a time lapse: at least two item
 * numbers, more entries than `source` variations, still images all of them, and a still image as
 * the `source`, if there is one. What has no URL yet speaks neither for nor against.
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

/** Without entries that name a file again: same fields, same address but for its signature. */
function withoutRepeats(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const distinct = new Map<unknown, Candidate>();
  for (const candidate of candidates) {
    const { identity, url } = candidate;
    const address = url && url.pathname + [...url.searchParams].filter(([name]) => !signatureParameter.test(name)).join('&');
    // Without an address nothing proves a repetition.
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

/** An edit's type may be `json`, that of its description: then the address is right. */
function extensionFor({ role, type }: OriginalIdentity, url: string, filename: string): string {
  const plausible = stillExtensions.has(type) || (otherExtensions.has(type) && (role === 'sidecar' || type !== 'json'));
  const stated = plausible ? type : '';
  const served = extensionOf(url);
  return (role === 'edit' ? served || stated : stated || served) || extensionOf(filename) || 'bin';
}

/** The extension of a file name or of an address's path, lower case; empty if there is none. */
function extensionOf(name: string): string {
  const path = URL.parse(name)?.pathname ?? name;
  return /[^/.]\.([a-z0-9]{2,5})$/i.exec(path)?.[1]?.toLowerCase() ?? '';
}

/** Unnumbered ones last; the provider's order among equals, because sorting is stable. */
function byRoleAndNumber(a: OfferedOriginal, b: OfferedOriginal): number {
  const last = Number.MAX_SAFE_INTEGER;
  return allRoles.indexOf(a.role) - allRoles.indexOf(b.role) || (a.itemNumber ?? last) - (b.itemNumber ?? last);
}
