/**
 * Measures a transfer in slices of a few seconds. The provider stored the files in parts of
 * different sizes, and each slice is a process of its own. Files whose digests go on from one slice
 * to the next must be proven too. `SCALE_SLICED_BYTES` sets another amount.
 */
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeTempDir } from '../support/temp-dir.ts';
import { addFigures, printFigures } from './support/figures.ts';
import { startFarCloud, startFarStore } from './support/simulator.ts';
import { runInSlices } from './support/slices.ts';

const totalBytes = Number(process.env['SCALE_SLICED_BYTES'] ?? 10_000_000_000);
/** The preset makes 20 files of 18 media, because one video has three chapters. */
const media = 18;
const files = 20;
const fileBytes = Math.floor(totalBytes / files);
const budgetMs = 5_000;
/** On a slow machine more parts would all be cut off before they are stored. */
const concurrency = 2;
const mebibyte = 1024 * 1024;
/** No part is larger, for any of the part sizes. */
const maxPartBytes = 32 * mebibyte;

afterAll(printFigures);

const mixes = [
  { mix: 'usual part sizes', stored: undefined },
  { mix: 'other part sizes', stored: [1, 7, 10, 25, 32, 50, 64, 128].map((size) => ({ partBytes: size * mebibyte })) },
] as const;

test.each(mixes)('all files with $mix are proven in spite of many slices', async ({ mix, stored }) => {
  await using temp = await makeTempDir();
  await using store = await startFarStore({ md5: true });
  const presetOptions = { count: media, fileSizeBytes: fileBytes, seed: mix, ...(stored && { stored }) };
  await using cloud = await startFarCloud({ preset: 'large', presetOptions });
  await cloud.computeEtags();

  const { environment } = cloud;
  const credentials = {
    accessToken: environment['CLOUD_SYNC_GOPRO_ACCESS_TOKEN']!,
    userId: environment['CLOUD_SYNC_GOPRO_USER_ID']!,
  };
  const apiUrl = environment['CLOUD_SYNC_GOPRO_API_URL']!;
  const trackerPath = join(temp.path, 'tracker.db');
  const job = { apiUrl, credentials, store: store.endpoint, trackerPath, budgetMs, concurrency };
  const run = await runInSlices(job, { files, maxSlices: 400 });
  const counts = await cloud.counts();
  addFigures({ what: `${files} files, ${mix}, ${run.slices} slices of ${budgetMs / 1000} s`, run, ...counts });

  expect(run.failures).toEqual([]);
  expect(run.last.originals).toHaveLength(files);
  expect(run.last.originals.filter(({ status, proof }) => status !== 'COMPLETED' || proof !== 'proven')).toEqual([]);
  expect(new Set(run.last.originals.map(({ claimPartBytes }) => claimPartBytes)).size).toBeGreaterThan(3);
  expect(run.slices).toBeGreaterThan(3);
  const fetchedAgain = counts.mediaBytes - files * fileBytes;
  expect(fetchedAgain).toBeLessThanOrEqual((run.slices - 1) * concurrency * maxPartBytes);
});
