import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestsOf } from '../test/support/digest-process.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { bundleInto, threads } from './bundle.ts';

test('a bundled function finds the code of its threads beside it', async () => {
  await using folder = await makeTempDir();
  bundleInto(folder.path, { index: 'src/lib/digest/index.ts', ...threads['video-downloader'] });
  expect(await digestsOf(join(folder.path, 'index.mjs'))).toBe('right');
});
