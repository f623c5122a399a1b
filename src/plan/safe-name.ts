/**
 * Pieces of a file name that Linux, macOS, Windows and S3 all take, whatever text they are made from. None of them holds a
 * separator, so a name built of them stays where it is put.
 */

import { createHash } from 'node:crypto';

const maxIdLength = 64;
const maxWordLength = 24;

/** Reserved on Windows or a separator somewhere, control characters, halves of surrogate pairs, code points without a meaning. */
const forbidden = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Characters that show nothing and can make one name look like another: zero-width, bidirectional, variation selectors. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Windows looks at the part before the first dot only, so `CON.trip__id.mp4` is the console. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?=\.|$)/i;

const edges = /^[\s.]+|[\s.]+$/g;

const extensionAtEnd = /\.([a-z0-9]{1,10})$/i;

/** The last segment of a path in either notation, without what Windows drops at the end of a name. */
function baseName(filename: string): string {
  const segments = filename.split(/[/\\]/).filter((segment) => segment !== '');
  return (segments.at(-1) ?? '').replace(/[\s.]+$/, '');
}

/** The extension at the end of a file's name, lower case and without a dot; empty when there is none. */
export function extensionOf(filename: string): string {
  return extensionAtEnd.exec(baseName(filename))?.[1]?.toLowerCase() ?? '';
}

/** A file's name without folders and extension, NFC, and legal as the beginning of a name; empty when nothing is left. */
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

/** A label, position or number as part of a name: ASCII, at most 24 characters. May be empty. */
export function safeWord(text: string): string {
  return text.replace(/[^a-z0-9_-]/gi, '_').slice(0, maxWordLength);
}

/** An opaque id as part of a name: unchanged where it can be, else told from all others by a hash of the real one. */
export function safeId(id: string): string {
  if (/^[a-z0-9_-]+$/i.test(id) && id.length <= maxIdLength && !device.test(id)) return id;
  return `${safeWord(id) || 'id'}-${shortHash(id, 8)}`;
}

/** The beginning of `text` that fits into `limitBytes` of UTF-8, cut between characters as a reader sees them. */
export function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  // Made only for the rare long name: it takes 10 ms to load.
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

/** The first `digits` hexadecimal digits of the SHA-256. Quoted as JSON, so that halves of surrogate pairs count too. */
export function shortHash(text: string, digits: number): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, digits);
}
