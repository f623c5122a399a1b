import { crc32 } from 'node:zlib';
import type { PartWriter } from '../destination/destination.ts';
import { SyncError } from '../errors.ts';
import type { Reply } from '../lib/http/index.ts';
import { checkFirstBytes, firstBytesNeeded } from './guard.ts';
import type { TransferPorts } from './ports.ts';

/**
 * The byte path: reply → count → first bytes → CRC32 → destination, with back-pressure from the destination and from the
 * bandwidth limit. A chunk is looked at once and not copied: it lies where the socket put it (lib/http/connection.ts) until the
 * destination has written it, or has gathered it with the rest of a small file.
 */

/** Where the bytes of a part stand. Lives over the attempts of one part. */
export interface PartProgress {
  readonly writer: PartWriter;
  /** Bytes written to it. */
  offset: number;
  crc32: number;
  /** When its last byte arrived. */
  lastByteAtMs: number;
  /** Only of a part that begins the file. */
  sniff: Sniffer | undefined;
}

/** Judges a file by its beginning, as soon and as long as there is something to judge. */
export type Sniffer = (chunk: Uint8Array) => void;

/** A judge of first bytes for a file with this extension; throws NOT_MEDIA. Gets the chunks from byte 0 on. */
export function createSniffer(extension: string): Sniffer {
  let seen: Uint8Array = new Uint8Array();
  return (chunk) => {
    if (seen.length >= firstBytesNeeded) return;
    // A page may begin with any number of empty lines.
    const start = seen.length === 0 ? leadingSpace(chunk) : 0;
    seen = Buffer.concat([seen, chunk.subarray(start, start + firstBytesNeeded)]);
    checkFirstBytes(seen, extension);
  };
}

function leadingSpace(chunk: Uint8Array): number {
  const first = chunk.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  return first < 0 ? chunk.length : first;
}

export interface TakeOptions {
  /** Bytes that the part still lacks; more than these are refused. */
  readonly wantedBytes: number;
  readonly onBytes: (bytes: number) => void;
}

/** Pumps a reply into a part. Errors: the network's, NOT_MEDIA, SIZE_UNPROVEN for a byte too many, and the writer's. */
export async function pumpPart(reply: Reply, part: PartProgress, options: TakeOptions, ports: TransferPorts): Promise<void> {
  let leftBytes = options.wantedBytes;
  await reply.body.pump((chunk) => {
    ports.accounting.fetched(chunk.length);
    leftBytes -= chunk.length;
    if (leftBytes < 0) throw new SyncError('SIZE_UNPROVEN', 'the media host sent more bytes than it announced');
    part.sniff?.(chunk);
    part.crc32 = crc32(chunk, part.crc32);
    part.offset += chunk.length;
    part.lastByteAtMs = ports.clock.elapsed();
    options.onBytes(chunk.length);
    return paced(chunk, (piece) => part.writer.write(piece), ports.bandwidth);
  });
}

/** Of a limited rate, so much is passed on at once: a store may give up a connection that hears little and seldom. */
const pieceBytes = 64 * 1024;

/** Writes a chunk as fast as the bandwidth allows; in one piece as long as it does. */
export function paced(
  chunk: Uint8Array,
  write: PartWriter['write'],
  bandwidth: TransferPorts['bandwidth'],
): Promise<void> | undefined {
  let pause: Promise<void> | undefined;
  let end = 0;
  while (end < chunk.length && !pause) {
    const next = Math.min(end + pieceBytes, chunk.length);
    pause = bandwidth(next - end);
    end = next;
  }
  const written = write(end < chunk.length ? chunk.subarray(0, end) : chunk);
  if (!pause) return written;
  return Promise.all([written, pause]).then(() =>
    end < chunk.length ? paced(chunk.subarray(end), write, bandwidth) : undefined,
  );
}
