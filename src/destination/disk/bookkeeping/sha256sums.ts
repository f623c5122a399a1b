/**
 * A line of a file that `sha256sum -c` accepts (GNU coreutils manual, "md5sum invocation"): a name
 * with a backslash, newline or carriage return is escaped, and a backslash in front of the line
 * says so.
 */
export function sha256sumLine(sha256: string, key: string): string {
  const escaped = key.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === key ? '' : '\\'}${sha256}  ${escaped}`;
}
