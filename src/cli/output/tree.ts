import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '../../lib/log.ts';
import { formatBytes } from '../../report/figures.ts';

/** Draws the files below a directory as a tree with sizes. Leaves out `.cloud-sync`. */
export async function drawTree(directory: string, indent = ''): Promise<string> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(({ name }) => name !== '.cloud-sync');
  const lines: string[] = [];
  for (const [index, entry] of entries.toSorted((a, b) => a.name.localeCompare(b.name, 'en')).entries()) {
    const last = index === entries.length - 1;
    const path = join(directory, entry.name);
    const size = entry.isFile() ? `  ${formatBytes((await stat(path)).size)}` : '/';
    lines.push(`${indent}${last ? '└── ' : '├── '}${printable(entry.name)}${size}\n`);
    if (entry.isDirectory()) lines.push(await drawTree(path, `${indent}${last ? '    ' : '│   '}`));
  }
  return lines.join('');
}
