import { spawnSync } from 'node:child_process';
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

/** Makes this Node look like version 20, whose `node:module` has no `enableCompileCache`. */
const asOldNode = `
import { registerHooks } from 'node:module';
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } });
registerHooks({
  resolve: (name, context, next) =>
    name === 'node:module' && context.parentURL?.endsWith('/bin/cloud-sync.js')
      ? { url: 'data:text/javascript,export const createRequire = 1', shortCircuit: true }
      : next(name, context),
});`;

test('an older version of Node prints which version is needed', () => {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(asOldNode)}`, 'bin/cloud-sync.js', 'sync'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^error: Cloud Sync needs Node\.js 24\.15 or newer, [^\n]+\n +Install a newer version [^\n]+\n$/);
});
