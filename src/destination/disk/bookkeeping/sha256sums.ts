/**
 * A line that `sha256sum -c` accepts (GNU coreutils manual, "md5sum invocation"). A name with a
 * backslash, newline or carriage return is escaped, and the line then begins with a backslash.
 */
export function sha256sumLine(sha256: string, key: string): string {
  const escaped = key.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === key ? '' : '\\'}${sha256}  ${escaped}`;
}
