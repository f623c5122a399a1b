import { expect, test } from 'vitest';
import { fileAt } from '../../../test/support/s3-archive.ts';
import { decodeDescription } from '../description.ts';
import { metadataOf } from './attributes.ts';

test('a description can be read back from its metadata', () => {
  const file = fileAt('gopro-videos/2026/05/a.MP4', { originalName: 'Été\n🏄.MP4' });
  expect(decodeDescription(metadataOf(file), file.original.key)).toEqual(file);
});

test('the metadata has the claim, and no verdict, because it is sent before the bytes are compared', () => {
  const evidence = { claim: 's3-etag:00112233445566778899aabbccddeeff-3', proof: 'unchecked', claimPartBytes: 8 } as const;
  const metadata = metadataOf(fileAt('k', { evidence }));
  expect(metadata).toMatchObject({ claim: evidence.claim });
  expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(['proof']));
  expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(['claim-part-bytes']));
});

test('a name that is too long for S3 loses its end, but is never cut inside a character', () => {
  for (let pad = 0; pad < 12; pad += 1) {
    const originalName = 'x'.repeat(pad) + '🏄'.repeat(400);
    const metadata = metadataOf(fileAt('k', { originalName }));
    const bytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + `x-amz-meta-${name}`.length + value.length, 0);
    expect(bytes).toBeLessThanOrEqual(2048);
    const kept = decodeDescription(metadata, 'k')?.originalName ?? '';
    expect(kept.length).toBeGreaterThan(150);
    expect(originalName.startsWith(kept)).toBe(true);
    expect(kept.isWellFormed()).toBe(true);
  }
});
