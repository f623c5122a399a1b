/**
 * Pieces of a file name that Linux, macOS, Windows and S3 all take, whatever text they are made
 * from. None of them holds a separator, so a name built of them stays where it is put.
 */

import { createHash } from 'node:crypto';

const maxIdLength = 64;
const maxWordLength = 24;

/** Separators, characters that Windows reserves, controls, lone surrogates, unassigned ones. */
const forbidden = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Invisible characters that make two names look alike: zero-width, bidirectional, selectors. */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Windows looks at the part before the first dot only, so `CON.trip__id.mp4` is the console. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?=\.|$)/i;

const edges = /^[\s.]+|[\s.]+$/g;

const extensionAtEnd = /\.([a-z0-9]{1,10})$/i;

/** The last segment of a path in either notation, without the end that Windows drops. */
function baseName(filename: string): string {
  const segments = filename.split(/[/\\]/).filter((segment) => segment !== '');
  return (segments.at(-1) ?? '').replace(/[\s.]+$/, '');
}

/** The extension of a file's name, lower case and without a dot; empty if there is none. */
export function extensionOf(filename: string): string {
  return extensionAtEnd.exec(baseName(filename))?.[1]?.toLowerCase() ?? '';
}

/** A file's name without folders and extension, NFC, legal as the start of a name; may be empty. */
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

/** An opaque id as part of a name: unchanged if it can be, else made unique by a hash of the id. */
export function safeId(id: string): string {
  if (/^[a-z0-9_-]+$/i.test(id) && id.length <= maxIdLength && !device.test(id)) return id;
  return `${safeWord(id) || 'id'}-${shortHash(id, 8)}`;
}

/** The beginning of `text` that fits into `limitBytes` of UTF-8, cut between visible characters. */
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

/** First hexadecimal digits of the SHA-256 of the text as JSON: lone surrogates count too. */
export function shortHash(text: string, digits: number): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, digits);
}
