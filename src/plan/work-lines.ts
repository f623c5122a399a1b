/** Cuts a plan into work for single workers: one large medium each, or some small ones. Pure. */

/** What decides where a medium goes. */
export interface Weighed {
  readonly mediaId: string;
  /** null: the provider does not say. */
  readonly sizeHintBytes: number | null;
}

/** Above this a medium is a piece of its own. */
const largeBytes = 64 * 1024 * 1024;
const maxGroupBytes = 256 * 1024 * 1024;
/** A medium of unknown size may be anything; many of them are still not a piece each. */
const unknownBytes = 16 * 1024 * 1024;
const maxMedia = 25;
/** Of the ids in one line, as JSON in UTF-8: it travels as a message. A single id may take more. */
const maxIdBytes = 1_000;

/** Every medium once, in the plan's order; a large one may overtake a group that is not full. */
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
