import { shortened } from '../lib/text.ts';

/** No system has longer names, so the rest of a longer text is not compared. */
const maxLength = 4_096;

/**
 * Makes a function that tells whether a whole text matches one of the patterns, in any letter case.
 * `*` matches any text, and `?` matches one character. The time is at most the product of the two
 * lengths. A regular expression would need much longer for a pattern with several stars.
 */
export function anyPattern(patterns: readonly string[]): (text: string) => boolean {
  const wanted = patterns.map(signsOf);
  return (text) => {
    const signs = signsOf(text);
    return wanted.some((pattern) => matches(pattern, signs));
  };
}

/** The characters of a text, in a form that does not depend on letter case. */
function signsOf(text: string): readonly string[] {
  return Array.from(shortened(text, maxLength).normalize('NFC'), (sign) => sign.toLowerCase());
}

/** If a sign differs, the latest star takes one more sign of the text. */
function matches(pattern: readonly string[], signs: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let takenByStar = 0;
  for (let next = 0; next < signs.length;) {
    if (pattern[at] === '*') {
      star = at;
      at += 1;
      takenByStar = next;
    } else if (pattern[at] === '?' || pattern[at] === signs[next]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      at = star + 1;
      takenByStar += 1;
      next = takenByStar;
    } else return false;
  }
  return pattern.slice(at).every((sign) => sign === '*');
}
