/** The code that all tools for generated pages share. */
import { readFileSync, writeFileSync } from 'node:fs';

export type Row = readonly string[];

export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * Writes pages into docs/reference. With `--check`, writes nothing, but reports the outdated pages.
 * The report tells a person to run `tool`.
 */
export function writePages(tool: string, pages: Readonly<Record<string, string>>): void {
  const folder = new URL('../docs/reference/', import.meta.url);
  const stale: string[] = [];
  for (const [name, text] of Object.entries(pages)) {
    const file = new URL(name, folder);
    if (!process.argv.includes('--check')) writeFileSync(file, text);
    else if (readIfExists(file) !== text) stale.push(`docs/reference/${name}`);
  }
  if (stale.length === 0) return;
  process.stderr.write(`${stale.join(', ')}: does not match the code; run ${tool}\n`);
  process.exitCode = 1;
}

function readIfExists(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
