/**
 * Returns a line that `sha256sum -c` accepts (GNU coreutils manual, "md5sum invocation"). If the
 * name has a backslash, newline or carriage return, these characters are escaped, and the line
 * begins with a backslash.
 */
export function sha256sumLine(sha256: string, key: string): string {
  const escaped = key.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === key ? '' : '\\'}${sha256}  ${escaped}`;
}
