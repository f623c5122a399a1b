/** Divides a plan into work lines: one large medium each, or several small ones. No I/O. */

/** What decides the work line of a medium. */
export interface Weighed {
  readonly mediaId: string;
  /** null: the provider gives no size. */
  readonly sizeHintBytes: number | null;
}

/** A larger medium is a work line of its own. */
const largeBytes = 64 * 1024 * 1024;
const maxGroupBytes = 256 * 1024 * 1024;
/**
 * Assumed for a medium of unknown size. It may be large, but thousands must not be a work line
 * each.
 */
const unknownBytes = 16 * 1024 * 1024;
const maxMedia = 25;
/**
 * The limit for the ids of one line, as JSON in UTF-8, because a line travels as a message. One
 * single id may be longer.
 */
const maxIdBytes = 1_000;

/**
 * Puts every medium into one line, in the plan's order. A large medium may overtake a group that is
 * not full.
 */
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
