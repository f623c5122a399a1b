import { crc32Base64 } from '../../../lib/crc32.ts';

/**
 * The aws-chunked encoding: frames of `size-in-hex CRLF bytes CRLF`, then an empty frame, then the
 * trailer. The trailer holds the checksum, which is known only after the last byte. See "Signature
 * calculations … streaming unsigned payload trailer" in the S3 API reference.
 */

/**
 * The size of a full frame. It is far above S3's minimum (8 KiB) and far below MinIO's maximum (16
 * MiB). Larger frames save nothing.
 */
export const frameBytes = 1024 * 1024;

const crlf = '\r\n';
/** A CRC32 in base64 always has 8 characters. */
const trailerBytes = trailer(0).length;

/** Returns the size of a framed body whose content has `sizeBytes`. */
export function framedBytes(sizeBytes: number): number {
  const lastBytes = sizeBytes % frameBytes;
  const fullFrames = (sizeBytes - lastBytes) / frameBytes;
  return fullFrames * overheadBytes(frameBytes) + (lastBytes > 0 ? overheadBytes(lastBytes) : 0) + sizeBytes + trailerBytes;
}

function overheadBytes(ofFrame: number): number {
  return ofFrame.toString(16).length + 2 * crlf.length;
}

/** Splits one body into the pieces that are written one after another. */
export interface Framing {
  /**
   * Adds frames to a chunk. The chunk need not be copied, because a frame's size is known before
   * its first byte.
   */
  frame(chunk: Uint8Array): (string | Uint8Array)[];
  /** Returns the text that ends the body. */
  end(crc32: number): string;
}

/**
 * Begins to frame a body. The end of a frame is joined to the start of the next frame, because a
 * small write costs as much as a large one.
 */
export function createFraming(sizeBytes: number): Framing {
  let leftBytes = sizeBytes;
  let frameLeftBytes = 0;
  let ending = '';
  return {
    frame: (chunk) => {
      const pieces: (string | Uint8Array)[] = [];
      for (let at = 0; at < chunk.length;) {
        if (frameLeftBytes === 0) {
          frameLeftBytes = Math.min(frameBytes, leftBytes);
          pieces.push(ending + frameLeftBytes.toString(16) + crlf);
          ending = crlf;
        }
        const piece = chunk.subarray(at, at + frameLeftBytes);
        pieces.push(piece);
        at += piece.length;
        leftBytes -= piece.length;
        frameLeftBytes -= piece.length;
      }
      return pieces;
    },
    end: (crc32) => ending + trailer(crc32),
  };
}

function trailer(crc32: number): string {
  return `0${crlf}x-amz-checksum-crc32:${crc32Base64(crc32)}${crlf}${crlf}`;
}

/**
 * Parses a CRC32 as S3 writes it. Returns null for any other value, such as a checksum of
 * checksums.
 */
export function decodeCrc32(text: string | undefined): number | null {
  return text !== undefined && /^[A-Za-z0-9+/]{6}==$/.test(text) ? Buffer.from(text, 'base64').readUInt32BE() : null;
}
