/**
 * Entity tags have several spellings: with quotes or without, and marked as weak by a proxy. S3
 * itself writes strong tags in quotes.
 */

/** Returns the tag as conditions need it: strong, in quotes. Empty if there is no tag. */
export function strongTag(tag: string | undefined): string {
  const value = (tag ?? '')
    .trim()
    .replace(/^W\//i, '')
    .replace(/^"(.*)"$/, '$1');
  return value === '' ? '' : `"${value}"`;
}

/** Whether two spellings name the same content. A missing tag names nothing. */
export function isSameTag(a: string | undefined, b: string | undefined): boolean {
  return strongTag(a) !== '' && strongTag(a) === strongTag(b);
}
