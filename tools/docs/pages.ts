/** The pages that people write, and what they quote of the program. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** Pages that the code writes are checked against it by their own tools; notes and decisions tell of their time. */
const others = [/^CHANGELOG\.md$/, /^docs\/reference\//, /^docs\/decisions\/\d/, /^bench\/results\//];

export interface Page {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const pages: readonly Page[] = globSync(['*.md', 'docs/**/*.md', 'bench/**/*.md', '.github/**/*.{md,yml}'], { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !others.some((other) => other.test(path)))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

export interface Quote {
  /** Where it is, for messages. */
  readonly page: string;
  readonly text: string;
}

/** Every command in the shell blocks of the pages, without comments, redirections and variables before it. */
export function shellCommands(): Quote[] {
  return pages.flatMap(({ path, text }) => {
    const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
    const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
    return lines.flatMap(commandsIn).map((command) => ({ page: path, text: command }));
  });
}

function commandsIn(line: string): string[] {
  const parts = line.replace(/(^|\s)#.*$/, '').split(/\s(?:\||&&|;)\s/);
  return parts
    .map((part) =>
      part
        .replace(/\s\d?>>?\s*\S+/g, '')
        .replace(/^(?:\w+=\S*\s+)*/, '')
        .trim(),
    )
    .filter(Boolean);
}

/** Everything in code quotes outside of blocks. */
export function codeSpans(): Quote[] {
  return pages.flatMap(({ path, text }) =>
    [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ page: path, text: span })),
  );
}
