/** Formats the cells and tables of the reports as Markdown. */
import type { Row } from './row.ts';

export function ratio(value: number | undefined): string {
  return value !== undefined && Number.isFinite(value) ? value.toFixed(2) : '–';
}

export function nameOf({ tool, ours }: Pick<Row, 'tool' | 'ours'>): string {
  return ours ? `**${tool}**` : tool;
}

export function cpuCell({ per, figures }: Row): string {
  return `${figures.cpu.toFixed(2)} ${{ GB: 's/GB', file: 'ms a file', run: 's' }[per]}`;
}

export function megabytes(bytes: number): string {
  const rounded = Math.round(bytes / 1e6);
  return (rounded === 0 ? 0 : rounded).toLocaleString('en'); // never -0
}

export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map(line).join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
