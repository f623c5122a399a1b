import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { codeSpans, pages, root } from './pages.ts';

/** The anchors that GitHub makes from the headings of a page. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(file)) return true;
  return anchor !== undefined && !anchorsOf(file).includes(anchor);
}

test('every link between pages leads to an existing file and heading', () => {
  const links = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ path, target })),
  );
  const inside = links.filter(({ target }) => !/^[a-z]+:/.test(target));
  expect(inside.length).toBeGreaterThan(30);
  expect(inside.filter(({ path, target }) => isBroken(path, target))).toEqual([]);
});

test('every path in a sentence exists', () => {
  const folders = /^(?:src|test|tools|docs|bench|infra|bin|\.ci|\.github|\.devcontainer|\.changeset)\/[\w./-]*$/;
  const paths = codeSpans().filter(({ text }) => folders.test(text));
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter(({ text }) => !existsSync(join(root, text)))).toEqual([]);
});
