/**
 * Pieces of a file name that Linux, macOS, Windows and S3 all accept, made from any text. No piece
 * contains a separator, so a name made of pieces cannot leave its directory.
 */

import { createHash } from 'node:crypto';

const maxIdLength = 64;
const maxWordLength = 24;

/**
 * Separators, characters that Windows reserves, control characters, lone surrogates, unassigned
 * characters.
 */
const forbidden = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Invisible characters that make two names look alike: zero-width, bidirectional, selectors. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Windows reads only the part before the first dot, so it takes `CON.trip__id.mp4` for the console.
 */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?=\.|$)/i;

const edges = /^[\s.]+|[\s.]+$/g;

const extensionAtEnd = /\.([a-z0-9]{1,10})$/i;

/**
 * The last segment of a path in either notation, without the trailing characters that Windows
 * drops.
 */
function baseName(filename: string): string {
  const segments = filename.split(/[/\\]/).filter((segment) => segment !== '');
  return (segments.at(-1) ?? '').replace(/[\s.]+$/, '');
}

/** The extension of a file's name in lower case, without a dot; empty if there is none. */
export function extensionOf(filename: string): string {
  return extensionAtEnd.exec(baseName(filename))?.[1]?.toLowerCase() ?? '';
}

/**
 * A file's name without directories and extension, in NFC. It is a legal start of a name, and may
 * be empty.
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

/** A label, position or number as part of a name: ASCII, at most 24 characters. It may be empty. */
export function safeWord(text: string): string {
  return text.replace(/[^a-z0-9_-]/gi, '_').slice(0, maxWordLength);
}

/**
 * An opaque id as part of a name: unchanged if that is legal, otherwise made unique by a hash of
 * the id.
 */
export function safeId(id: string): string {
  if (/^[a-z0-9_-]+$/i.test(id) && id.length <= maxIdLength && !device.test(id)) return id;
  return `${safeWord(id) || 'id'}-${shortHash(id, 8)}`;
}

/**
 * The longest beginning of `text` that fits `limitBytes` of UTF-8. It cuts between visible
 * characters.
 */
export function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  // Made only when a name is too long, because it takes 10 ms to load.
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
 * The first hexadecimal digits of the SHA-256 of the text as JSON. So lone surrogates count too.
 */
export function shortHash(text: string, digits: number): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, digits);
}
