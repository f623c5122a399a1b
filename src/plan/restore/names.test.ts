import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filesOf, listed } from '../../../test/support/listed-files.ts';
import { foldKey } from '../../media.ts';
import { nameByCamera, nameByKeys } from './names.ts';

const names = (named: ReadonlyMap<string, { readonly name: string }>) => [...named.values()].map(({ name }) => name);

describe('names by keys', () => {
  test('a key that every file system can hold stays unchanged', async () => {
    const key = 'gopro-videos/2025/07/GOPR0042__65f0c0ffee0123456789abcd_raw_photo~0123abcd.gpr';
    expect([...nameByKeys(await filesOf(listed('m', { key })), 255)]).toEqual([[key, { name: key }]]);
  });

  test('no name leaves the directory, hides in it, or is taken twice, and each is possible everywhere', async () => {
    const segment = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('..', '.', '', '.cloud-sync', 'CON', 'a. ', 'A', 'a'),
    );
    const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 8 }), fc.constantFrom(60, 100), async (keys, maxNameBytes) => {
        const files = await filesOf(...keys.map((each, index) => listed(`m${index}`, { key: each })));
        const given = names(nameByKeys(files, maxNameBytes));
        expect(new Set(given.map(foldKey)).size).toBe(keys.length);
        for (const name of given.flatMap((path) => path.split('/'))) {
          expect(name).not.toMatch(/^\.|[/\\:*?"<>|\0]|[ .]$|^$/);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(maxNameBytes);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('names of the camera', () => {
  test('chapters have the names that the camera gives them', async () => {
    const chapters = [1, 2, 3].map((itemNumber) => listed('a', { itemNumber, name: 'GX010123.MP4' }));
    const old = [1, 2].map((itemNumber) => listed('b', { itemNumber, name: 'GOPR0042.MP4' }));
    expect(names(nameByCamera(await filesOf(...chapters, ...old), 255))).toEqual(
      expect.arrayContaining(['GX010123.MP4', 'GX020123.MP4', 'GX030123.MP4', 'GOPR0042.MP4', 'GP010042.MP4']),
    );
  });

  test('equal names are numbered by capture time, and letter case is no difference', async () => {
    const late = listed('a', { name: 'GX010001.MP4', capturedAt: '2026-01-02T00:00:00Z' });
    const early = listed('b', { name: 'gx010001.mp4', capturedAt: '2025-01-02T00:00:00Z' });
    const undated = listed('c', { name: 'GX010001.MP4', capturedAt: null });
    const wanted = ['gx010001.mp4', 'GX010001_2.MP4', 'GX010001_3.MP4'];
    expect(names(nameByCamera(await filesOf(late, undated, early), 255))).toEqual(wanted);
    expect(names(nameByCamera(await filesOf(undated, early, late), 255))).toEqual(wanted);
  });

  test('a hostile name becomes safe and says so, and no name becomes the id of the medium', async () => {
    const raw = listed('a', { name: 'GOPR0042.JPG', key: 'gopro-videos/2026/01/GOPR0042__a_raw_photo.gpr' });
    const hostile = listed('b', { name: '../../etc/passwd.MP4' });
    const nameless = listed('c', { name: '' });
    const named = nameByCamera(await filesOf(hostile, nameless, raw), 255);
    expect(names(named)).toEqual(['GOPR0042.GPR', 'passwd.MP4', 'c.mp4']);
    expect([...named.values()].map(({ reason }) => reason !== undefined)).toEqual([false, true, false]);
  });
});
