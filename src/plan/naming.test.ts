import { describe, expect, test } from 'vitest';
import { identity } from '../../test/support/builders.ts';
import type { OriginalIdentity } from '../media.ts';
import { foldKey } from '../media.ts';
import { keyOf } from './naming.ts';
import type { KeyRequest, NamedMedium } from './naming.ts';

const medium: NamedMedium = {
  provider: 'gopro',
  filename: 'GX010123.MP4',
  fileExtension: 'MP4',
  capturedAt: '2025-07-04T09:15:22Z',
  createdAt: '2025-08-06T20:01:10Z',
};

interface Changes extends Partial<Omit<KeyRequest, 'medium' | 'identity'>> {
  readonly medium?: Partial<NamedMedium>;
  readonly identity?: Partial<OriginalIdentity>;
}

function key(changes: Changes = {}): string {
  return keyOf({
    revision: 1,
    extension: 'mp4',
    siblings: 1,
    taken: () => false,
    ...changes,
    medium: { ...medium, ...changes.medium },
    identity: identity('aB3dE5fG7hJ9k', changes.identity),
  });
}

function nameFor(filename: string): string {
  return key({ medium: { filename } }).slice('gopro-videos/2025/07/'.length);
}

test('a plain video gets an ordinary key', () => {
  expect(key()).toBe('gopro-videos/2025/07/GX010123__aB3dE5fG7hJ9k.mp4');
});

describe('the folder of a key', () => {
  test.each([
    ['2025-07-31T23:59:59-11:00', null, '2025/07'],
    ['2025-08-01T00:00:00+14:00', null, '2025/08'],
    ['2025-07-04 09:15:22', null, '2025/07'],
    ['2025-07-04', null, '2025/07'],
    ['2025-07-04T99:99:99Z', null, '2025/07'],
    ['1970-01-01T00:00:00Z', '2025-08-06T20:01:10Z', '1970/01'],
    ['2024-02-29T00:00:00Z', null, '2024/02'],
    ['2023-02-29T00:00:00Z', '2025-08-06T20:01:10Z', '2025/08'],
    ['2024-13-45T00:00:00Z', '2025-08-06T20:01:10Z', '2025/08'],
    ['0001-01-01T00:00:00Z', '2025-08-06T20:01:10Z', '2025/08'],
    ['0000-00-00T00:00:00Z', '2025-08-06T20:01:10Z', '2025/08'],
    ['2025-07-045', '2025-08-06T20:01:10Z', '2025/08'],
    ['../../..', '2025-08-06T20:01:10Z', '2025/08'],
    ['', '', 'undated'],
    [null, 'yesterday', 'undated'],
    [null, null, 'undated'],
  ])('a medium that was captured %j and created %j is in the folder %s', (capturedAt, createdAt, folder) => {
    expect(key({ medium: { capturedAt, createdAt } })).toBe(`gopro-videos/${folder}/GX010123__aB3dE5fG7hJ9k.mp4`);
  });
});

describe('the stem of a key', () => {
  test.each([
    ['', 'aB3dE5fG7hJ9k.mp4'],
    ['.', 'aB3dE5fG7hJ9k.mp4'],
    ['..', 'aB3dE5fG7hJ9k.mp4'],
    [' . ', 'aB3dE5fG7hJ9k.mp4'],
    ['GX010123', 'GX010123__aB3dE5fG7hJ9k.mp4'],
    ['../../etc/passwd', 'passwd__aB3dE5fG7hJ9k.mp4'],
    ['C:\\Windows\\drivers.JPG', 'drivers__aB3dE5fG7hJ9k.mp4'],
    ['folder/', 'folder__aB3dE5fG7hJ9k.mp4'],
    ['.hidden.JPG', 'hidden__aB3dE5fG7hJ9k.mp4'],
    ['trailing dot.', 'trailing dot__aB3dE5fG7hJ9k.mp4'],
    ['trailing space.JPG ', 'trailing space__aB3dE5fG7hJ9k.mp4'],
    ['what? <"a*b|c">: #50%&;\'.JPG', "what_ __a_b_c___ #50%&;'__aB3dE5fG7hJ9k.mp4"],
    ['nul\u0000bell\u0007c1\u0085line\u2028.JPG', 'nul_bell_c1_line___aB3dE5fG7hJ9k.mp4'],
    ['right\u202egpj.MP4', 'rightgpj__aB3dE5fG7hJ9k.mp4'],
    ['zero\u200bwidth\ufeff.MP4', 'zerowidth__aB3dE5fG7hJ9k.mp4'],
    ['lone\ud83d surrogate.JPG', 'lone_ surrogate__aB3dE5fG7hJ9k.mp4'],
    ['Mu\u0308ller.JPG', 'M\u00fcller__aB3dE5fG7hJ9k.mp4'],
    ['CON.mp4', '_CON__aB3dE5fG7hJ9k.mp4'],
    ['con.trip.mp4', '_con.trip__aB3dE5fG7hJ9k.mp4'],
    ['COM\u00b9 .x.mp4', '_COM\u00b9 .x__aB3dE5fG7hJ9k.mp4'],
    ['console.log.mp4', 'console.log__aB3dE5fG7hJ9k.mp4'],
  ])('the file name %j becomes the name %s', (filename, expected) => {
    expect(nameFor(filename)).toBe(expected);
  });

  test('a long name is cut, but its id, suffixes and extension stay', () => {
    const long = key({
      medium: { filename: `${'ü'.repeat(500)}.MP4` },
      identity: { position: 'front', itemNumber: 12 },
      siblings: 12,
    });
    expect(long).toMatch(/^gopro-videos\/2025\/07\/ü{110,}__aB3dE5fG7hJ9k_front_12\.mp4$/);
    expect(Buffer.byteLength(long.split('/').at(-1)!)).toBeLessThanOrEqual(255);
  });

  test('a long name is never cut within a visible character', () => {
    const stem = nameFor(`${'e\u0301\u0323'.repeat(200)}.MP4`).split('__')[0]!;
    expect(stem.normalize('NFD')).toMatch(/^(e\u0323\u0301)+$/);
  });
});

describe('the media id in a key', () => {
  test.each(['CON', 'nul', 'com1', '..', '', 'a/b', 'a b', 'ä', '\ud800', 'x'.repeat(65)])(
    'the media id %j is made safe and stays unique',
    (mediaId) => {
      const name = key({ identity: { mediaId }, medium: { filename: '' } })
        .split('/')
        .at(-1);
      expect(name).toMatch(/^[\w-]+-[0-9a-f]{8}\.mp4$/);
    },
  );

  test('two media ids whose safe forms look alike get different names', () => {
    const ids = ['a/b', 'a:b', 'a\u0000b', 'a\ud800b', 'a\udfffb', `${'x'.repeat(65)}1`, `${'x'.repeat(65)}2`];
    expect(new Set(ids.map((mediaId) => key({ identity: { mediaId } }))).size).toBe(ids.length);
  });
});

describe('the suffixes of a key', () => {
  test.each<[string, Changes]>([
    ['', { identity: { itemNumber: null } }],
    ['_01', { siblings: 3 }],
    ['_03', { identity: { itemNumber: 3 } }],
    ['_3032', { identity: { itemNumber: 3032 }, siblings: 3032 }],
    ['_02', { identity: { itemNumber: null, ordinal: 2 }, siblings: 2 }],
    ['_01_n2', { identity: { ordinal: 2 }, siblings: 2 }],
    ['_front', { identity: { position: 'front' } }],
    ['_raw_photo', { identity: { role: 'raw', label: 'raw_photo' } }],
    ['_edit', { identity: { role: 'edit', label: '' } }],
    ['_gpmf_front_02', { identity: { role: 'sidecar', label: 'gpmf', position: 'front', itemNumber: 2 } }],
    ['_a_b', { identity: { role: 'sidecar', label: 'a/b' } }],
    ['_r2', { revision: 2 }],
    ['_02_r11', { revision: 11, identity: { itemNumber: 2 } }],
  ])('a key gets the suffix "%s" for %j', (suffix, changes) => {
    expect(key(changes)).toBe(`gopro-videos/2025/07/GX010123__aB3dE5fG7hJ9k${suffix}.mp4`);
  });
});

describe('the extension of a key', () => {
  test.each<[string, Changes]>([
    ['360', { extension: '360' }],
    ['gpr', { extension: 'GPR' }],
    ['jpg', { extension: 'not one', identity: { type: 'jpg' } }],
    ['mov', { extension: '', identity: { type: '' }, medium: { filename: 'x.MOV' } }],
    ['jpeg', { extension: '', identity: { type: '' }, medium: { filename: 'x', fileExtension: 'JPEG' } }],
    ['bin', { extension: '../x', identity: { type: 'a.b' }, medium: { filename: 'x', fileExtension: 'waytoolongforone' } }],
    ['bin', { extension: '', identity: { type: '' }, medium: { filename: '', fileExtension: null } }],
  ])('a key gets the extension "%s" for %j', (extension, changes) => {
    expect(key(changes).split('.').at(-1)).toBe(extension);
  });
});

describe('a taken key', () => {
  test('a taken key is replaced by a key with a hash before the extension, then by one with a longer hash', () => {
    const [first, second, third] = [0, 1, 2].map((misses) => key({ taken: () => misses-- > 0 }));
    expect(first).toBe('gopro-videos/2025/07/GX010123__aB3dE5fG7hJ9k.mp4');
    expect(second).toMatch(/__aB3dE5fG7hJ9k~[0-9a-f]{8}\.mp4$/);
    expect(third).toMatch(/__aB3dE5fG7hJ9k~[0-9a-f]{16}\.mp4$/);
  });

  test('if no key is free, the error says so', () => {
    expect(() => key({ taken: () => true })).toThrow(expect.objectContaining({ code: 'KEY_TAKEN' }));
  });
});

test('two keys that differ only in letter case or Unicode form fold to the same text', () => {
  for (const [a, b] of [
    ['GX01.MP4', 'gx01.mp4'],
    ['Mu\u0308ller', 'M\u00dcLLER'],
    ['\u03a3\u03a3', '\u03c3\u03c2'],
    ['stra\u00dfe', 'STRASSE'],
  ] as const) {
    expect(foldKey(a)).toBe(foldKey(b));
  }
});
