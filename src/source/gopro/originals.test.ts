import { describe, expect, test } from 'vitest';
import { offered } from '../../../test/support/builders.ts';
import { allRoles, alwaysRoles } from '../../media.ts';
import { resolveOriginals } from './originals.ts';
import { downloadReply } from './schema.ts';

interface Entry {
  label?: string;
  type?: string;
  item_number?: unknown;
  camera_position?: string;
  available?: boolean;
  url?: string | null;
  head?: string | null;
}

interface Lists {
  files?: Entry[];
  variations?: Entry[];
  sidecar_files?: Entry[];
  filename?: string;
}

/** A signed URL of the file `name`. */
function at(name: string, signature = 's1') {
  return `https://cdn.example/m/${name}?Expires=1&Signature=${signature}&Key-Pair-Id=K`;
}

function entry(label: string, name: string, more: Entry = {}): Entry {
  const type = name.slice(name.lastIndexOf('.') + 1);
  return { label, type, item_number: 1, available: true, url: at(name), head: at(name, 'head'), ...more };
}

function file(name: string, more: Entry = {}): Entry {
  return { item_number: 1, camera_position: 'default', available: true, url: at(name), ...more };
}

function resolve(lists: Lists, roles = alwaysRoles) {
  const { filename = 'GX010001.MP4', ...embedded } = lists;
  return resolveOriginals('m1', downloadReply.parse({ filename, _embedded: { files: [], variations: [], ...embedded } }), roles);
}

/** The role, label, number and file name of each original, in a form that is easy to compare. */
function summary(lists: Lists, roles = alwaysRoles) {
  return resolve(lists, roles).originals.map(
    ({ role, label, itemNumber, ordinal, url }) => `${role} ${label} ${itemNumber}.${ordinal} ${new URL(url).pathname.slice(3)}`,
  );
}

const frames = (count: number, extension = 'jpg') =>
  Array.from({ length: count }, (_, nth) => file(`f${nth + 1}.${extension}`, { item_number: nth + 1 }));

describe('single files and chapters', () => {
  test('the original of a video is its source, not the proxies in files and variations', () => {
    const lists = {
      files: [file('proxy.mp4')],
      variations: [
        entry('source', 'a.mp4'),
        entry('high_res_proxy_mp4', 'p.mp4'),
        entry('mp4_low', 'l.mp4'),
        entry('concat', 'c.mp4'),
      ],
    };
    expect(resolve(lists)).toEqual({
      originals: [offered('m1', { url: at('a.mp4'), headUrl: at('a.mp4', 'head') })],
      unavailable: 0,
      outOfScope: false,
    });
  });

  test('chapters are ordered by number, whatever order the reply has', () => {
    const variations = [3, 1, 10, 2].map((item_number) => entry('source', `c${item_number}.mp4`, { item_number }));
    expect(summary({ files: [file('proxy.mp4')], variations })).toEqual([
      'source source 1.1 c1.mp4',
      'source source 2.1 c2.mp4',
      'source source 3.1 c3.mp4',
      'source source 10.1 c10.mp4',
    ]);
  });

  test('originals whose numbers are repeated, absent or null have different ordinals', () => {
    const variations = [1, null, 1, undefined].map((item_number, nth) => entry('source', `c${nth}.mp4`, { item_number }));
    expect(summary({ variations })).toEqual([
      'source source 1.1 c0.mp4',
      'source source 1.2 c2.mp4',
      'source source null.1 c1.mp4',
      'source source null.2 c3.mp4',
    ]);
  });

  test('an entry keeps its ordinal when an equal entry before it becomes available', () => {
    const later = ['a.mp4', 'b.mp4'].map((name) => entry('source', name, { item_number: null }));
    const earlier = later.with(0, { ...later[0], available: false, url: '' });
    const before = resolve({ variations: earlier });
    expect(before.unavailable).toBe(1);
    expect(before.originals.map(({ ordinal }) => ordinal)).toEqual([2]);
    expect(summary({ variations: later })).toEqual(['source source null.1 a.mp4', 'source source null.2 b.mp4']);
  });

  test('the originals of two cameras with the same number differ in their position', () => {
    const variations = ['left', 'right'].map((camera_position) => entry('source', `${camera_position}.mp4`, { camera_position }));
    expect(resolve({ variations }).originals.map(({ position, ordinal }) => [position, ordinal])).toEqual([
      ['left', 1],
      ['right', 1],
    ]);
  });

  test('two entries whose URLs differ only in the signature are one file', () => {
    const twice = [entry('source', 'a.mp4'), entry('source', 'a.mp4', { url: at('a.mp4', 's2') })];
    expect(summary({ variations: twice })).toEqual(['source source 1.1 a.mp4']);
  });

  test('two entries whose URLs differ in more than the signature are two files', () => {
    const variations = ['a', 'b'].map((key) =>
      entry('source', 'x.mp4', { url: `https://cdn.example/get.mp4?file=${key}&Signature=s` }),
    );
    expect(resolve({ variations }).originals).toHaveLength(2);
  });

  test('the original of a photo is its source, although `files` repeats it', () => {
    expect(summary({ files: [file('a.jpg')], variations: [entry('source', 'a.jpg')] })).toEqual(['source source 1.1 a.jpg']);
  });

  test('the original of a 360 recording is its .360 file, not the preview', () => {
    const lists = { files: [file('preview.jpg')], variations: [entry('source', 'a.360')] };
    expect(resolve(lists).originals.map(({ extension }) => extension)).toEqual(['360']);
  });
});

describe('sets of frames', () => {
  test('the originals of a burst are its frames, but not its cover', () => {
    const lists = { files: frames(3).toReversed(), variations: [entry('source', 'cover.jpg')] };
    expect(summary(lists)).toEqual(['source frame 1.1 f1.jpg', 'source frame 2.1 f2.jpg', 'source frame 3.1 f3.jpg']);
  });

  test('a burst needs no `source` variation, and its extensions may have any letter case', () => {
    expect(summary({ files: [...frames(1, 'JPG'), file('f2.GPR', { item_number: 2 })] })).toHaveLength(2);
  });

  test('a frame without a number still counts as a frame', () => {
    const files = [...frames(2), file('x.jpg', { item_number: null }), file('y.jpg', { item_number: 2 })];
    expect(summary({ files })).toEqual([
      'source frame 1.1 f1.jpg',
      'source frame 2.1 f2.jpg',
      'source frame 2.2 y.jpg',
      'source frame null.1 x.jpg',
    ]);
  });

  test.each<[string, Lists, string[]]>([
    [
      'as many sources as files',
      { files: frames(2), variations: [1, 2].map((n) => entry('source', `s${n}.jpg`, { item_number: n })) },
      ['s1.jpg', 's2.jpg'],
    ],
    [
      'a video among the files',
      { files: [...frames(2), file('p.mp4', { item_number: 3 })], variations: [entry('source', 's.jpg')] },
      ['s.jpg'],
    ],
    [
      'a file without an extension',
      { files: [...frames(2), file('p', { item_number: 3 })], variations: [entry('source', 's.jpg')] },
      ['s.jpg'],
    ],
    ['a video as the source', { files: frames(3), variations: [entry('source', 's.mp4')] }, ['s.mp4']],
    ['a .360 as the source', { files: frames(3), variations: [entry('source', 's.360')] }, ['s.360']],
    ['one number only', { files: [file('a.jpg'), file('b.jpg')], variations: [entry('source', 's.jpg')] }, ['s.jpg']],
    [
      'no numbers',
      { files: [1, 2].map((n) => file(`${n}.jpg`, { item_number: null })), variations: [entry('source', 's.jpg')] },
      ['s.jpg'],
    ],
  ])('the files are not the frames of a set: %s', (_, lists, names) => {
    expect(resolve(lists).originals.map(({ url }) => new URL(url).pathname.slice(3))).toEqual(names);
  });

  test('if the frames of a set are not available yet, the set waits, and its cover is not offered instead', () => {
    const files = frames(3).map((frame) => ({ ...frame, available: false, url: '' }));
    expect(resolve({ files, variations: [entry('source', 'cover.jpg')] })).toEqual({
      originals: [],
      unavailable: 3,
      outOfScope: false,
    });
  });

  test('a cover that was archived before its frames has another identity than every frame', () => {
    const cover = resolve({ files: frames(1), variations: [entry('source', 'cover.jpg')] }).originals[0]!;
    const { url: _url, headUrl: _head, ...identity } = cover;
    const later = resolve({ files: frames(2), variations: [entry('source', 'cover.jpg')] }).originals;
    for (const frame of later) expect(frame).not.toMatchObject(identity);
  });
});

describe('roles', () => {
  const photo = { variations: [entry('source', 'a.jpg')], sidecar_files: [entry('raw_photo', 'a.gpr')] };
  const edit = { files: [file('p.mp4')], variations: [entry('baked_source', 'e.mp4'), entry('mp4_low', 'l.mp4')] };
  const telemetry = ['gpmf t.mp4', 'gpmf t.json', 'gpx t.gpx', 'edl_mce t.json'].map((each) => {
    const [label = '', name = ''] = each.split(' ');
    return entry(label, name);
  });

  test('the RAW file of a photo is always archived', () => {
    expect(summary(photo)).toEqual(['source source 1.1 a.jpg', 'raw raw_photo 1.1 a.gpr']);
  });

  test('an edit is out of scope unless edits are requested', () => {
    expect(resolve(edit)).toEqual({ originals: [], unavailable: 0, outOfScope: true });
    expect(summary(edit, allRoles)).toEqual(['edit baked_source 1.1 e.mp4']);
  });

  test('an unavailable edit is out of scope, and waits only if edits are requested', () => {
    const later = { variations: [entry('baked_source', 'e.mp4', { available: false })] };
    expect(resolve(later)).toEqual({ originals: [], unavailable: 0, outOfScope: true });
    expect(resolve(later, allRoles)).toEqual({ originals: [], unavailable: 1, outOfScope: false });
  });

  test('sidecars are offered only on request, each with its label and type', () => {
    const lists = { variations: [entry('source', 'a.mp4')], sidecar_files: telemetry };
    expect(summary(lists)).toEqual(['source source 1.1 a.mp4']);
    expect(summary(lists, allRoles).slice(1)).toEqual([
      'sidecar gpmf 1.1 t.mp4',
      'sidecar gpmf 1.1 t.json',
      'sidecar gpx 1.1 t.gpx',
      'sidecar edl_mce 1.1 t.json',
    ]);
  });

  test('sidecars alone are out of scope, but sidecars with proxies announce a later original', () => {
    expect(resolve({ sidecar_files: telemetry }).outOfScope).toBe(true);
    expect(resolve({ sidecar_files: telemetry }, allRoles).originals).toHaveLength(4);
    const early = { files: [file('p.mp4')], sidecar_files: telemetry };
    expect(resolve(early)).toEqual({ originals: [], unavailable: 0, outOfScope: false });
    expect(resolve(early, allRoles)).toEqual({ originals: [], unavailable: 0, outOfScope: false });
  });

  test('a medium with only proxies has no originals', () => {
    const lists = { files: [file('p.mp4')], variations: [entry('high_res_proxy_mp4', 'p.mp4')] };
    expect(resolve(lists, allRoles)).toEqual({ originals: [], unavailable: 0, outOfScope: false });
    expect(resolve({}, allRoles)).toEqual({ originals: [], unavailable: 0, outOfScope: false });
  });

  test('entries with unknown labels are ignored', () => {
    const lists = { variations: [entry('hologram', 'h.mp4'), { url: at('x.mp4') }, entry('source', 'a.mp4')] };
    expect(summary(lists, allRoles)).toEqual(['source source 1.1 a.mp4']);
  });
});

describe('availability and addresses', () => {
  test.each([[null], [''], [undefined], ['not an address'], ['ftp://cdn.example/a.mp4']])(
    'an entry with the URL %j is unavailable',
    (url) => {
      const variations = [entry('source', 'a.mp4'), entry('source', 'b.mp4', { item_number: 2, url: url as string })];
      expect(resolve({ variations })).toMatchObject({ originals: [{ itemNumber: 1 }], unavailable: 1 });
    },
  );

  test('an entry with `available: false` is unavailable although it has a URL', () => {
    expect(resolve({ variations: [entry('source', 'a.mp4', { available: false })] })).toMatchObject({
      originals: [],
      unavailable: 1,
    });
  });

  test('an entry may lack the URL for HEAD requests', () => {
    const heads = [null, undefined, 'nonsense'].map((head) =>
      resolve({ variations: [entry('source', 'a.mp4', { head: head as string })] }),
    );
    expect(heads.map(({ originals }) => originals[0]?.headUrl)).toEqual([null, null, null]);
  });

  test.each([
    ['source', 'MP4', 'a.mov', 'mp4'],
    ['source', 'h265', 'a.MOV', 'mov'],
    ['source', 'json', 'a.mp4', 'mp4'],
    ['source', '', 'noextension', 'jpg'],
    ['baked_source', 'json', 'e.mp4', 'mp4'],
    ['baked_source', 'mp4', 'e', 'mp4'],
  ])('a %s of type %j with the file %s has the extension %s', (label, type, name, extension) => {
    const lists = { variations: [entry(label, name, { type })], filename: 'GOPR0001.JPG' };
    expect(resolve(lists, allRoles).originals[0]?.extension).toBe(extension);
  });

  test('a file without a name and a type gets the extension "bin"', () => {
    expect(resolve({ variations: [entry('source', 'a', { type: '' })], filename: '' }).originals[0]?.extension).toBe('bin');
  });
});
