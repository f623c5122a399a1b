/**
 * Places that cannot take an archive. Each error names the place and the next step. If a run can
 * find the error before its first transfer, the run transfers nothing.
 */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import type { S3StoreOptions } from '../s3-server/index.ts';
import { expectNothingWrong, wantedOf } from '../support/archive.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { openS3Place, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';

interface StoreCase {
  readonly what: string;
  readonly store: S3StoreOptions;
  readonly says: RegExp;
  readonly hints: RegExp;
}

const cases: readonly StoreCase[] = [
  { what: 'a bucket that does not exist', store: { buckets: [] }, says: /s3:\/\/archive.*NoSuchBucket/, hints: /bucket/i },
  {
    what: 'a bucket that denies',
    store: { deniedBuckets: ['archive'] },
    says: /s3:\/\/archive.*(AccessDenied|403|Forbidden)/,
    hints: /s3:PutObject/,
  },
  { what: 'a wrong region', store: { region: 'ap-south-1' }, says: /s3:\/\/archive/, hints: /ap-south-1/ },
  {
    what: 'a wrong region, answered by a redirect',
    store: { region: 'ap-south-1', regionMismatch: 'redirect' },
    says: /s3:\/\/archive/,
    hints: /ap-south-1/,
  },
  {
    what: 'keys that the store does not know',
    store: { credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' } },
    says: /InvalidAccessKeyId|403/,
    hints: /credentials/i,
  },
  {
    what: 'a secret that is not the key’s',
    store: { credentials: { accessKeyId: 'AKIAE2E', secretAccessKey: 'x' } },
    says: /SignatureDoesNotMatch|403/,
    hints: /credentials/i,
  },
];

describe('a store', () => {
  test.concurrent.each(cases)('$what ends the run with exit code 6 before any transfer', async ({ store, says, hints }) => {
    const place = await openS3Place(store);
    await using scene = await openScene({ library: createLibrary([createMediaMaker('bad-store').photo()]), place });
    const run = await scene.sync();
    expectExit(run, 6);
    expect(run.finished.outcome).toBe('failed');
    expect(run.finished.error?.message).toMatch(says);
    expect(run.finished.error?.hint).toMatch(hints);
    expect(run.stderr).toContain(run.finished.error?.hint);
    expect(scene.cloud.requests.filter(({ host }) => host === 'cdn')).toEqual([]);
    await scene.expectNoSecrets();
  });

  test('a store whose clock is a day off is usable', async () => {
    const place = await openS3Place({ clockSkewMs: 24 * 3_600_000 });
    const maker = createMediaMaker('skew');
    await using scene = await openScene({ library: createLibrary([maker.photo(), maker.video(partBytes + 10_000)]), place });
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
  });
});

describe('a disk', () => {
  test.each([
    { code: 'ENOSPC', error: 'DESTINATION_FULL' },
    { code: 'EROFS', error: 'DESTINATION_UNUSABLE' },
  ])('a disk that answers $code stops the run, and no unfinished file counts as archived', async ({ code, error }) => {
    const maker = createMediaMaker(`disk-${code}`);
    const library = createLibrary([
      maker.video(2 * partBytes),
      maker.burst(),
      maker.chapters([3_000_000, 2_000_000]),
      maker.photo(),
    ]);
    await using scene = await openScene<DiskPlace>({ library });
    const environment = {
      NODE_OPTIONS: `--import=${new URL('../support/fail-writes.ts', import.meta.url).href}`,
      FAIL_WITH: code,
      FAIL_AFTER_BYTES: '12000000',
    };
    const run = await scene.startSync({ environment }).ended;
    expectExit(run, 6);
    expect(run.events.at(-1)).toMatchObject({
      outcome: 'failed',
      error: { code: error, hint: expect.stringMatching(/\w/) },
      files: { quarantined: 0 },
    });
    expectNothingWrong(await scene.place.files(), await wantedOf(library));
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expectExit(await scene.verify(), 0);
  });
});
