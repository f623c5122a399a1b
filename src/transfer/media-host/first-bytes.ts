import { SyncError } from '../../errors.ts';

/** Checks the first bytes of a file as they arrive. Call it with each chunk. */
export type Sniffer = (chunk: Uint8Array) => void;

/**
 * Returns a sniffer for files with this extension. The sniffer gets the chunks from byte 0 on, and
 * throws NOT_MEDIA for a file that is not media.
 */
export function createSniffer(extension: string): Sniffer {
  let seen: Uint8Array = new Uint8Array();
  return (chunk) => {
    if (seen.length >= firstBytesNeeded) return;
    // A web page may begin with any number of empty lines.
    const start = seen.length === 0 ? leadingSpace(chunk) : 0;
    seen = Buffer.concat([seen, chunk.subarray(start, start + firstBytesNeeded)]);
    checkFirstBytes(seen, extension);
  };
}

function leadingSpace(chunk: Uint8Array): number {
  const first = chunk.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  return first < 0 ? chunk.length : first;
}

type Kind = 'markup' | 'json' | 'gzip' | 'zip' | 'pdf' | 'jpeg' | 'png' | 'tiff' | 'isoMedia' | 'riff';

/** `checkFirstBytes` looks at no more than this many bytes. */
const firstBytesNeeded = 16;

const still: readonly Kind[] = ['jpeg', 'png', 'tiff', 'isoMedia', 'riff'];
const film: readonly Kind[] = ['isoMedia', 'riff'];

/**
 * The kinds of content that a file with each extension may have. Phones name HEIC and PNG photos
 * .jpg. So each photo extension allows all kinds of photos, and each film extension all kinds of
 * films.
 */
const plausible: Readonly<Record<string, readonly Kind[]>> = {
  ...Object.fromEntries(['mp4', 'mov', 'm4v', '360', 'lrv', 'm4a', 'avi', 'wav'].map((extension) => [extension, film])),
  ...Object.fromEntries(
    ['jpg', 'jpeg', 'thm', 'png', 'gpr', 'dng', 'tif', 'tiff', 'heic', 'heif', 'avif', 'webp'].map((extension) => [
      extension,
      still,
    ]),
  ),
};

/**
 * Refuses a file whose beginning clearly contradicts its extension: a page, JSON, an archive, or
 * another kind of media. It accepts an unknown beginning, because cameras write more formats than
 * any list has. It judges fewer than `firstBytesNeeded` bytes too, because a page may be that
 * short.
 */
function checkFirstBytes(first: Uint8Array, extension: string): void {
  const kinds = plausible[extension];
  const kind = kinds && kindOf(Buffer.from(first.buffer, first.byteOffset, first.byteLength));
  if (kinds && kind && !kinds.includes(kind))
    throw new SyncError('NOT_MEDIA', `the content begins like ${kind}, not like a .${extension} file`);
}

function kindOf(first: Buffer): Kind | undefined {
  const text = first.toString('latin1');
  if (/^(?:\u00ef\u00bb\u00bf)?\s*<[!?a-z]/i.test(text)) return 'markup';
  if (/^\s*(?:\{\s*["}]|\[\s*[[{"\]])/.test(text)) return 'json';
  if (text.startsWith('\x1f\x8b\x08')) return 'gzip';
  if (text.startsWith('PK\x03\x04')) return 'zip';
  if (text.startsWith('%PDF')) return 'pdf';
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG')) return 'png';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff';
  if (text.slice(4, 8) === 'ftyp') return 'isoMedia';
  if (text.startsWith('RIFF')) return 'riff';
  return undefined;
}
