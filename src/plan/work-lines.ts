/** Divides a plan into work lines. A line has one large medium or several small ones. No I/O. */

/** The properties of a medium that decide its work line. */
export interface Weighed {
  readonly mediaId: string;
  /** Null if the provider gives no size. */
  readonly sizeHintBytes: number | null;
}

/** A medium larger than this gets a work line of its own. */
const largeBytes = 64 * 1024 * 1024;
const maxGroupBytes = 256 * 1024 * 1024;
/**
 * The size that a medium of unknown size is assumed to have. It may be larger, but thousands of
 * such media must not get a line each.
 */
const unknownBytes = 16 * 1024 * 1024;
const maxMedia = 25;
/**
 * The limit for the ids of one line, as JSON in UTF-8, because a line is sent as a message. A line
 * with a single id may be longer.
 */
const maxIdBytes = 1_000;

/**
 * Puts each medium into exactly one line, in the plan's order. But a line of small media is added
 * when it is full, so the line of a later large medium may be added earlier.
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
