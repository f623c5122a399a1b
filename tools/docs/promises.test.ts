import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './pages.ts';

const page = readFileSync(join(root, 'docs/promises.md'), 'utf8');
const placeholder = /%[sdijo]|\$\{[^}]*\}|\$\w+/g;

/** The tests that the page names, each with its file. */
const named = [...page.matchAll(/^- `([^`]+\.ts)`: (.+)$/gm)].map(([, path = '', title = '']) => ({ path, title }));

/**
 * Returns the titles in a file: each text that is the first of several arguments of a call. `…`
 * replaces the placeholders.
 */
function titlesIn(path: string): ReadonlySet<string> {
  if (!existsSync(join(root, path))) return new Set();
  const text = readFileSync(join(root, path), 'utf8');
  const firsts = text.matchAll(/(?<!\bdescribe)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)\s*,/g);
  const titles = [...firsts].map(([, single, double, template]) => single ?? double ?? template ?? '');
  return new Set(titles.map((title) => title.replaceAll(/\\(.)/g, '$1').replaceAll(placeholder, '…')));
}

describe('the page of promises', () => {
  test('every test that the page names exists', () => {
    expect(named.length).toBeGreaterThan(100);
    const unknown = named.filter(({ path, title }) => !titlesIn(path).has(title));
    expect(unknown.map(({ path, title }) => `${path}: ${title}`)).toEqual([]);
  });

  test('every promise names a test', () => {
    const [promises = ''] = page.split('\n## What cannot be promised\n');
    const blocks = promises.split('\n\n');
    const untested = blocks.filter((block, index) => block.startsWith('**') && !blocks[index + 1]?.startsWith('- `'));
    expect(untested).toEqual([]);
  });
});
