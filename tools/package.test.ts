import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestsOf } from '../test/support/digest-process.ts';

const root = join(import.meta.dirname, '..');
const cache = join(root, '.cache');

test('the compiled program finds the code of its threads', async () => {
  mkdirSync(cache, { recursive: true });
  // The folder lies in the checkout, so that the program finds its dependencies.
  const folder = mkdtempSync(join(cache, 'package-'));
  try {
    const options = { extends: '../../tsconfig.build.json', compilerOptions: { outDir: '.', rootDir: '../../src' } };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: ['../../src/lib/digest'] }));
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
    expect(await digestsOf(join(folder, 'lib/digest/index.js'))).toBe('right');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
