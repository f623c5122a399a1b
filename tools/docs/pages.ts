/** The handwritten pages, and the commands and names that they quote. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** These pages are not checked. Some are generated, others describe an earlier state. */
const uncheckedPages = [/^CHANGELOG\.md$/, /^docs\/reference\//, /^docs\/decisions\/\d/, /^bench\/results\//];

export interface Page {
  /** The path from the root of the repository, with `/` as separator. */
  readonly path: string;
  readonly text: string;
}

export const pages: readonly Page[] = globSync(['*.md', 'docs/**/*.md', 'bench/**/*.md', '.github/**/*.{md,yml}'], { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !uncheckedPages.some((pattern) => pattern.test(path)))
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

export interface Quote {
  /** The path of the quoting page, for messages. */
  readonly page: string;
  readonly text: string;
}

/** The commands in all shell blocks. Comments, redirections and leading variables are removed. */
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

/** All quoted code outside of code blocks. */
export function codeSpans(): Quote[] {
  return pages.flatMap(({ path, text }) =>
    [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ page: path, text: span })),
  );
}
