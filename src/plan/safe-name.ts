/**
 * Makes pieces of a file name from any text. Linux, macOS, Windows and S3 all accept the pieces. No
 * piece contains a separator, so a name made of pieces cannot leave its directory.
 */

import { createHash } from 'node:crypto';
import { shortened } from '../lib/text.ts';

/** A longer name is cut before a pattern runs. A key has room for far fewer characters. */
const maxNameLength = 1_024;
const maxIdLength = 64;
const maxWordLength = 24;

/**
 * Separators, characters that Windows reserves, control characters, lone surrogates and unassigned
 * characters.
 */
const forbidden = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Invisible characters. They could make two different names look the same. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * The names of Windows devices. Windows reads only the part before the first dot, so it takes
 * `CON.trip__id.mp4` for the console.
 */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?=\.|$)/i;

const edges = /^[\s.]+|[\s.]+$/g;

const extensionAtEnd = /\.([a-z0-9]{1,10})$/i;

/**
 * The last segment of a path. Both `/` and `\` separate segments. Trailing characters that Windows
 * drops are left out.
 */
function baseName(filename: string): string {
  const segments = filename.split(/[/\\]/).filter((segment) => segment !== '');
  return shortened(segments.at(-1) ?? '', maxNameLength).replace(/[\s.]+$/, '');
}

/** The extension of a file's name in lower case, without a dot. Empty if there is none. */
export function extensionOf(filename: string): string {
  return extensionAtEnd.exec(baseName(filename))?.[1]?.toLowerCase() ?? '';
}

/**
 * The name of a file in NFC, without directories and extension. The result is a legal beginning of
 * a name. It may be empty.
 */
export function safeStem(filename: string): string {
  const stem = baseName(filename)
    .replace(extensionAtEnd, '')
    .normalize('NFC')
    .replace(invisible, '')
    .replace(forbidden, '_')
    .replace(edges, '')
    .normalize('NFC');
  return device.test(stem) ? `_${stem}` : stem;
}

/**
 * Makes a part of a name from a label, position or number: ASCII, 0 to 24 characters.
 */
export function safeWord(text: string): string {
  return text.slice(0, maxWordLength).replace(/[^a-z0-9_-]/gi, '_');
}

/**
 * Makes a part of a name from an opaque id. A legal id stays unchanged. Any other id gets a hash
 * that makes it unique.
 */
export function safeId(id: string): string {
  if (id.length <= maxIdLength && /^[a-z0-9_-]+$/i.test(id) && !device.test(id)) return id;
  return `${safeWord(id) || 'id'}-${shortHash(id, 8)}`;
}

/**
 * The longest beginning of `text` that has at most `limitBytes` bytes of UTF-8. It cuts between
 * visible characters.
 */
export function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  // The segmenter is made only when a name is too long, because loading it takes 10 ms.
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  let cut = '';
  let sizeBytes = 0;
  for (const { segment } of graphemes.segment(text)) {
    sizeBytes += Buffer.byteLength(segment);
    if (sizeBytes > limitBytes) break;
    cut += segment;
  }
  return cut.replace(edges, '');
}

/**
 * The first hexadecimal digits of the SHA-256 of the text as JSON. JSON escapes lone surrogates, so
 * two texts with different lone surrogates get different hashes.
 */
export function shortHash(text: string, digits: number): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, digits);
}
