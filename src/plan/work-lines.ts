/** A plan cut into pieces of work for workers that share nothing: one large medium each, or a group of small ones. Pure. */

/** What decides where a medium goes. */
export interface Weighed {
  readonly mediaId: string;
  /** Bytes; null where the provider does not tell. */
  readonly sizeHintBytes: number | null;
}

/** Above this a medium is a piece of its own. */
const largeBytes = 64 * 1024 * 1024;
/** What the media of a group add up to at most. */
const maxGroupBytes = 256 * 1024 * 1024;
/** A medium of unknown size may be anything; many of them are still not a piece each. */
const unknownBytes = 16 * 1024 * 1024;
const maxMedia = 25;
/** Each piece travels as a message: this is what its ids take at most, as JSON and in UTF-8, unless one alone takes more. */
const maxIdBytes = 1_000;

/** Every medium once, in the order of the plan; only large ones may overtake a group that is still being filled. Never an empty piece. */
export function workLines(items: Iterable<Weighed>): string[][] {
  const lines: string[][] = [];
  let group = emptyGroup();
  for (const { mediaId, sizeHintBytes } of items) {
    const bytes = sizeHintBytes ?? unknownBytes;
    const idBytes = Buffer.byteLength(JSON.stringify(mediaId)) + 1;
    if (bytes > largeBytes) {
      lines.push([mediaId]);
      continue;
    }
    const isFull = group.media.length === maxMedia || group.bytes + bytes > maxGroupBytes || group.idBytes + idBytes > maxIdBytes;
    if (isFull && group.media.length > 0) {
      lines.push(group.media);
      group = emptyGroup();
    }
    group.media.push(mediaId);
    group.bytes += bytes;
    group.idBytes += idBytes;
  }
  if (group.media.length > 0) lines.push(group.media);
  return lines;
}

function emptyGroup(): { media: string[]; bytes: number; idBytes: number } {
  return { media: [], bytes: 0, idBytes: 0 };
}
