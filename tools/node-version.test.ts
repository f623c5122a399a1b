import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** `npm ci` installs this version of Node, and every npm script uses it. */
const { node: version } = (JSON.parse(read('package.json')) as { readonly devDependencies: { readonly node: string } })
  .devDependencies;
const [major] = version.split('.');

test('.nvmrc names the version of Node that npm installs', () => {
  expect(read('.nvmrc')).toBe(`${version}\n`);
});

test('the dev container has the same major version of Node', () => {
  expect(read('.devcontainer/Dockerfile')).toMatch(new RegExp(`^FROM node:${major}-`, 'm'));
});
