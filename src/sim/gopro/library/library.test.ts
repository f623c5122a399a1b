import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { source } from './file-specs.ts';
import { buildLibrary, createLibrary, expectedOriginals, expectedWaiting, type SimLibrary, type SimMedium } from './library.ts';
import { photo, proxiesOnly, unreadyVideo, video } from './shapes.ts';

const spec = (id: string, createdAt = '2025-01-01T00:00:00Z') => ({ id, seed: 's', filename: `${id}.MP4`, createdAt });

function named(library: SimLibrary, filename: string): SimMedium {
  const found = [...library.media()].find((medium) => medium.record.filename === filename);
  if (found === undefined) throw new Error(`No medium is named ${filename}.`);
  return found;
}

function expectedOf(library: SimLibrary, medium: SimMedium, scope = {}): string[] {
  return expectedOriginals(library, scope)
    .filter((original) => original.mediaId === medium.id)
    .map((original) => `${original.role} ${original.label ?? 'frame'} ${original.itemNumber} .${original.extension}`);
}

describe('the preset `small`', () => {
  const library = buildLibrary('small');

  test('the preset `small` is small, and gives the same media each time', () => {
    const originals = expectedOriginals(library, { edits: true, sidecars: true });
    expect(library.size).toBeGreaterThanOrEqual(40);
    expect(originals.reduce((sum, original) => sum + original.sizeBytes, 0)).toBeLessThan(60_000_000);
    expect([...buildLibrary('small').media()]).toEqual([...library.media()]);
  });

  test('another seed changes the ids and the bytes of media, but not their shapes', () => {
    const other = buildLibrary('small', { seed: 'other' });
    expect(other.size).toBe(library.size);
    expect([...other.media()].map((medium) => medium.record.filename)).toEqual(
      [...library.media()].map((medium) => medium.record.filename),
    );
    expect(named(other, 'GX010101.MP4').id).not.toBe(named(library, 'GX010101.MP4').id);
  });

  test.each<[string, string[]]>([
    ['GX010101.MP4', ['source source 1 .mp4']],
    ['GOPR0102.JPG', ['source source 1 .jpg']],
    ['GX010110.MP4', ['source source 1 .mp4', 'source source 2 .mp4', 'source source 3 .mp4']],
    ['GH010113.MP4', ['source source 1 .mp4', 'source source 2 .mp4']],
    ['GH010114.MP4', ['source source null .mp4', 'source source null .mp4']],
    ['GH010115.MP4', ['source source undefined .mp4']],
    ['G0010200.JPG', Array.from({ length: 12 }, (_, nth) => `source frame ${nth + 1} .jpg`)],
    ['G0040240.JPG', [1, 2, 3, 4].map((nth) => `source source ${nth} .jpg`)],
    ['GOPR0300.JPG', ['source source 1 .jpg', 'raw raw_photo 1 .gpr']],
    ['GS010310.360', ['source source 1 .360']],
    ['3D_0320.MP4', ['source source 1 .mp4', 'source source 1 .mp4']],
    ['My best of.mp4', []],
    ['GX010500.MP4', []],
    ['GX010503.MP4', []],
  ])('a correct archive of the medium %s contains %j', (filename, expected) => {
    expect(expectedOf(library, named(library, filename))).toEqual(expected);
  });

  test('edits and sidecars are expected only if they are requested', () => {
    expect(expectedOf(library, named(library, 'My best of.mp4'), { edits: true })).toEqual(['edit baked_source 1 .mp4']);
    expect(expectedOf(library, named(library, 'GX010106.MP4'))).toHaveLength(1);
    expect(expectedOf(library, named(library, 'GX010106.MP4'), { sidecars: true })).toHaveLength(5);
  });

  test('the two cameras of one rig have the same item number but different bytes', () => {
    const [left, right] = named(library, '3D_0320.MP4').files.filter((file) => file.label === 'source');
    expect([left?.cameraPosition, right?.cameraPosition]).toEqual(['left', 'right']);
    expect(left?.seed).not.toBe(right?.seed);
  });

  test('a photo repeats its original in `files[]`, and the cover of a burst differs from all its frames', () => {
    const [original, repeated] = named(library, 'GOPR0102.JPG').files;
    expect(repeated?.seed).toBe(original?.seed);
    const { files } = named(library, 'G0010200.JPG');
    expect(new Set(files.map((file) => file.seed)).size).toBe(13);
  });

  test('in the preset `small` the listed size of a medium is the sum of its files, null or wrong', () => {
    expect(named(library, 'GX010110.MP4').record.file_size).toBe(4_300_000);
    expect(named(library, 'GX010400.MP4').record.file_size).toBeNull();
    const wrong = named(library, 'GX010401.MP4');
    expect(wrong.record.file_size).not.toBe(wrong.files.find((file) => file.original)?.sizeBytes);
    expect(wrong.record.reprocessed_at).not.toBeNull();
  });

  test('in the preset `small` two ids differ only in letter case, and one chapter spans several parts of 16 MiB', () => {
    expect(library.get('aB3dE5fG7hJ9k')?.record.filename).toBe(library.get('Ab3De5Fg7Hj9K')?.record.filename);
    expect(expectedOriginals(library).some((original) => original.sizeBytes > 32 * 1024 * 1024)).toBe(true);
  });

  test('in the preset `small` four media wait: two are not ready, one is unavailable, and one offers only proxies', () => {
    const reasons = expectedWaiting(library).map((id) => library.get(id)?.waitsFor);
    expect(reasons).toEqual(['processing', 'processing', 'availability', 'original']);
  });
});

describe('a library that changes', () => {
  test('the listing is newest first, keeps the order of equal times, and puts unusable times last', () => {
    const library = createLibrary([
      video({ ...spec('old', '2020-01-01T00:00:00Z'), capturedAt: '2024-01-01T00:00:00Z' }, 10),
      video({ ...spec('tie1'), capturedAt: null }, 10),
      video({ ...spec('tie2'), capturedAt: 'never' }, 10),
    ]);
    const ids = (orderBy: 'created_at' | 'captured_at') =>
      library.list({ orderBy, offset: 0, limit: 9 }).media.map((medium) => medium.id);
    expect(ids('created_at')).toEqual(['tie1', 'tie2', 'old']);
    expect(ids('captured_at')).toEqual(['old', 'tie1', 'tie2']);
  });

  test('the library can be filtered by type, state and capture time', () => {
    const library = createLibrary([
      video({ ...spec('v'), capturedAt: '2024-05-05T00:00:00Z' }, 10),
      photo({ ...spec('p'), capturedAt: '2024-06-05T00:00:00Z' }, 10),
      unreadyVideo({ ...spec('u'), capturedAt: null }, 'transcoding', 10),
    ]);
    const find = (query: object) =>
      library.list({ orderBy: 'created_at', offset: 0, limit: 9, ...query }).media.map((medium) => medium.id);
    expect(find({ types: ['Photo'] })).toEqual(['p']);
    expect(find({ processingStates: ['transcoding'] })).toEqual(['u']);
    expect(find({ notReady: true })).toEqual(['u']);
    expect(find({ capturedRangeMs: [Date.parse('2024-05-01'), Date.parse('2024-05-31')] })).toEqual(['v']);
  });

  test('a medium in the trash is hidden, and a restored medium is shown again', () => {
    const library = createLibrary([video(spec('a'), 10), video(spec('b'), 10)]);
    library.trash('a');
    expect(library.size).toBe(1);
    expect(library.isTrashed('a')).toBe(true);
    expect(expectedOriginals(library).map((original) => original.mediaId)).toEqual(['b']);
    library.restore('a');
    expect(library.size).toBe(2);
  });

  test('a medium that becomes ready has an expected original and a later `updated_at`', () => {
    const library = createLibrary([unreadyVideo(spec('u'), 'transcoding', 10)]);
    expect(expectedOriginals(library)).toEqual([]);
    library.setReady('u');
    expect(library.get('u')?.record).toMatchObject({ ready_to_view: 'ready', file_size: 10, updated_at: '2025-01-01T00:01:00Z' });
    expect(expectedOriginals(library)).toHaveLength(1);
  });

  test('a new chapter changes the count, the size and the time of its medium', () => {
    const library = createLibrary([video(spec('v'), 10)]);
    library.addItem('v', source({ sizeBytes: 5, itemNumber: 2 }));
    expect(library.get('v')?.record).toMatchObject({ item_count: 2, file_size: 15, updated_at: '2025-01-01T00:01:00Z' });
    expect(expectedOriginals(library).map((original) => original.sizeBytes)).toEqual([10, 5]);
  });

  test('a medium that had only proxies offers an original that arrives later', () => {
    const library = createLibrary([proxiesOnly(spec('w'))]);
    expect(expectedOriginals(library)).toEqual([]);
    library.addItem('w', source({ sizeBytes: 7 }));
    expect(expectedOriginals(library).map((original) => original.sizeBytes)).toEqual([7]);
  });

  test('replacing the content of one entry changes every entry that shares its bytes', async () => {
    const library = createLibrary([photo(spec('p'), 100)]);
    const [old] = expectedOriginals(library);
    const [before, etagBefore] = [await old?.sha256(), await old?.etag()];
    library.replaceContent('p', { label: 'source' }, { sizeBytes: 120 });
    const [after] = expectedOriginals(library);
    expect(await after?.sha256()).not.toBe(before);
    expect(await after?.etag()).not.toBe(etagBefore);
    expect(library.get('p')?.files.map((file) => file.sizeBytes)).toEqual([120, 120]);
  });

  test('a library refuses a repeated id, an unknown id and an unknown file', () => {
    const library = createLibrary([video(spec('v'), 10)]);
    expect(() => library.add(video(spec('v'), 10))).toThrow(RangeError);
    expect(() => library.trash('nobody')).toThrow(RangeError);
    expect(() => library.replaceContent('v', { itemNumber: 9 })).toThrow(RangeError);
  });
});

describe('the other presets', () => {
  test('the preset `large` has 100,000 media with long and short ids, and needs little memory', () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    collect();
    const before = process.memoryUsage().heapUsed;
    const library = buildLibrary('large');
    const last = library.list({ orderBy: 'created_at', offset: 99_900, limit: 200 });
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
    expect(last.totalItems).toBe(100_000);
    expect(last.media).toHaveLength(100);
    expect(new Set(last.media.map((medium) => medium.id.length))).toEqual(new Set([13, 24]));
  });

  test('the preset `large` accepts a count and a file size', () => {
    const library = buildLibrary('large', { count: 50, fileSizeBytes: 777 });
    expect(library.size).toBe(50);
    expect(new Set(expectedOriginals(library).map((original) => original.sizeBytes))).toEqual(new Set([777]));
  });

  test('the files of a preset are stored in the given ways', () => {
    const stored = [{ partBytes: null }, { partBytes: 7 }, { partBytes: 7, encryption: 'kms' }] as const;
    for (const preset of ['small', 'large', 'big-file'] as const) {
      const files = [...buildLibrary(preset, { stored, count: 20 }).media()].flatMap((medium) => medium.files);
      expect(files.filter((file) => !stored.some((way) => way === file.stored))).toEqual([]);
    }
    const usual = [...buildLibrary('small').media()].flatMap((medium) => medium.files.map((file) => file.stored.partBytes));
    expect(new Set(usual).size).toBeGreaterThan(4);
  });

  test('the preset `big-file` is one recording of 14 GB, and the preset `empty` has no media', () => {
    expect(expectedOriginals(buildLibrary('big-file')).map((original) => original.sizeBytes)).toEqual([14_000_000_000]);
    expect(buildLibrary('empty').size).toBe(0);
  });
});
