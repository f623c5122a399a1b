/** How many of the last characters of a long text stay. They have room for a file's extension. */
const tailLength = 16;

/**
 * Shortens a text to at most `maxLength` UTF-16 units. It keeps the beginning and the last 16
 * units. Call it before a pattern runs on a text from outside, because a pattern may take quadratic
 * time.
 */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return (text.slice(0, maxLength - tailLength) + text.slice(-tailLength)).toWellFormed();
}
