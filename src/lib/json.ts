/** Parses JSON from outside. Returns undefined if the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A reply with thousands of files has a tenth of this number of values, and six levels. */
const maxValues = 1_000_000;
const maxDepth = 64;
/** A text of at most this many characters is cheap to parse, whatever it contains. */
const cheapCharacters = 64 * 1024;

/**
 * Whether a text has so many values, or values nested so deeply, that parsing it would take seconds
 * and gigabytes. It counts commas and brackets outside of strings, and needs no valid JSON.
 */
export function isExcessive(text: string): boolean {
  if (text.length <= cheapCharacters) return false;
  let values = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === ',') values += 1;
    else if (sign === ']' || sign === '}') depth -= 1;
    else if (sign === '[' || sign === '{') {
      values += 1;
      depth += 1;
    }
    if (values > maxValues || depth > maxDepth) return true;
  }
  return false;
}

/** The index of the quote that ends the string at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}
