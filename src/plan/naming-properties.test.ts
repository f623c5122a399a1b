// In every library all keys differ, are legal on every system, and never change.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldKey } from '../media.ts';
import { keyOf, keysFor } from './naming.ts';
import type { NamedOriginal } from './naming.ts';

const nasty = fc.constantFrom(
  '..',
  '/',
  '\\',
  '__',
  '_',
  '.',
  ' ',
  'CON',
  'nul',
  'COM1',
  ':',
  '\u0000',
  '\u202e',
  '\u200d',
  '\ud83c',
  'ü',
  'u\u0308',
  'Σ',
  'ß',
  'ſ',
  '🏄',
  '~',
  'r2',
  '01',
);
const text = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 8 })), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));
const longText = fc.tuple(text, fc.nat(120)).map(([part, times]) => part.repeat(times));
const filenames = fc.oneof(
  fc.constantFrom('', 'GX010001.MP4', 'gx010001.mp4', 'a', 'a__b', 'A__b.mp4', 'CON.x.jpg'),
  text,
  longText,
);
const ids = fc.oneof(
  fc.constantFrom('c', 'C', 'b__c', 'B__c', 'a__b__c', 'c_01', 'c_r2', 'CON', 'con', 'ab3dE', 'aB3DE', 'K', '\u212a'),
  fc.string({ unit: fc.constantFrom('a', 'A', '_', 'b', '-'), maxLength: 4 }),
  longText.map((id) => id.toWellFormed()),
);
const times = fc.oneof(fc.constantFrom(null, '2025-07-04T09:15:22Z', '2025-07-04', '2024-13-45T00:00:00Z'), text);
const extensions = fc.oneof(fc.constantFrom('mp4', 'JPG', '360', 'gpr', ''), fc.string({ maxLength: 12 }));
const labels = fc.oneof(
  fc.constantFrom('source', 'raw_photo', 'gpmf', 'r2', '01', 'a/b', 'a_b', ''),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

const media = fc.record({
  provider: fc.constant('gopro' as const),
  filename: filenames,
  fileExtension: fc.option(extensions),
  capturedAt: times,
  createdAt: times,
});

const originals: fc.Arbitrary<NamedOriginal> = fc.record({
  mediaId: fc.constant(''),
  role: fc.constantFrom('source', 'raw', 'edit', 'sidecar'),
  label: labels,
  type: fc.constantFrom('mp4', 'jpg', 'gpr', ''),
  position: fc.oneof(fc.constantFrom('default', 'default', 'front', 'Front', ''), fc.string({ unit: 'binary', maxLength: 40 })),
  itemNumber: fc.option(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer(), fc.double({ noNaN: true }))),
  ordinal: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.nat()),
  extension: extensions,
});

const identityFields = ({ role, label, type, position, itemNumber, ordinal }: NamedOriginal) =>
  JSON.stringify([role, label, type, position, itemNumber, ordinal]);

const entries = fc
  .record({
    id: ids,
    medium: media,
    set: fc.uniqueArray(originals, { maxLength: 6, selector: identityFields }),
    revisions: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ set, ...entry }) => ({ ...entry, set: set.map((original) => ({ ...original, mediaId: entry.id })) }));

const libraries = fc.uniqueArray(entries, { maxLength: 12, selector: ({ id }) => id });

type Library = typeof libraries extends fc.Arbitrary<infer T> ? T : never;

/** Names the originals of a library, medium by medium. The keys of earlier media count as taken. */
function nameAll(library: Library): { readonly key: string; readonly extension: string }[] {
  const keys = new Set<string>();
  const taken = (candidate: string) => keys.has(foldKey(candidate));
  const named: { key: string; extension: string }[] = [];
  for (const entry of library) {
    const set = keysFor({ medium: entry.medium, originals: entry.set, taken });
    for (const { key: first, original } of set) {
      keys.add(foldKey(first));
      named.push({ key: first, extension: original.extension });
    }
    for (let revision = 2; revision <= entry.revisions; revision += 1) {
      for (const { original } of set) {
        const next = keyOf({
          medium: entry.medium,
          identity: original,
          revision,
          extension: original.extension,
          siblings: set.length,
          taken,
        });
        keys.add(foldKey(next));
        named.push({ key: next, extension: original.extension });
      }
    }
  }
  return named;
}

/**
 * Says why a path is illegal on Linux, macOS, Windows or S3. Returns undefined for a legal path.
 * The checks follow the rules of these systems, not the code under test.
 */
function illegality(path: string): string | undefined {
  if (Buffer.byteLength(path) > 1024) return 'longer than an S3 key';
  if (!path.isWellFormed() || path !== path.normalize('NFC')) return 'not well-formed NFC';
  const components = path.split('/');
  if (components[0] !== 'gopro-videos' || components.length < 3 || components.length > 4) return 'not in its place';
  for (const component of components) {
    if (component === '' || component.startsWith('.') || component.startsWith(' ')) return 'empty, hidden or indented';
    if (component.endsWith('.') || component.endsWith(' ')) return 'ends with what Windows drops';
    if (Buffer.byteLength(component) > 255) return 'longer than a file name';
    for (const character of component) {
      const code = character.codePointAt(0)!;
      if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 'control character';
      if ('<>:"/\\|?*'.includes(character)) return 'reserved on Windows';
      if (
        (code >= 0x200b && code <= 0x200f) ||
        (code >= 0x2028 && code <= 0x202e) ||
        (code >= 0x2060 && code <= 0x206f) ||
        code === 0xfeff
      )
        return 'invisible';
      if ((code & 0xfffe) === 0xfffe) return 'noncharacter';
    }
    const device = component.split('.')[0]!.trimEnd().toUpperCase();
    if (['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$'].includes(device)) return 'device';
    if (/^(COM|LPT)[\d\u00b9\u00b2\u00b3]$/.test(device)) return 'device';
  }
  return undefined;
}

test('`illegality` finds illegal names', () => {
  for (const path of [
    'gopro-videos/2025/07/CON.mp4',
    'gopro-videos/2025/07/nul .x.mp4',
    'gopro-videos/../07/x.mp4',
    'gopro-videos/2025/07/a:b',
    'gopro-videos/2025/07/x.',
    'etc/2025/07/x.mp4',
    `gopro-videos/2025/07/${'ü'.repeat(128)}`,
  ]) {
    expect(illegality(path)).toBeDefined();
  }
  expect(illegality('gopro-videos/2025/07/GX010123__aB3dE5fG7hJ9k_01.mp4')).toBeUndefined();
  expect(illegality('gopro-videos/undated/x.mp4')).toBeUndefined();
});

describe('properties of keys', () => {
  test('no two originals share a key, and every key is legal everywhere', () => {
    fc.assert(
      fc.property(libraries, (library) => {
        const named = nameAll(library);
        expect(new Set(named.map((row) => foldKey(row.key))).size).toBe(named.length);
        expect(new Set(named.map((row) => row.key.toLowerCase().normalize('NFD'))).size).toBe(named.length);
        for (const row of named) expect([row.key, illegality(row.key)]).toEqual([row.key, undefined]);
      }),
      { numRuns: 1000 },
    );
  });

  test('a key keeps the extension of its original if the extension is usable', () => {
    fc.assert(
      fc.property(libraries, (library) => {
        for (const { key: named, extension } of nameAll(library)) {
          if (/^[a-z0-9]{1,10}$/i.test(extension)) expect(named.endsWith(`.${extension.toLowerCase()}`)).toBe(true);
          else expect(named).toMatch(/\.[a-z0-9]{1,10}$/);
        }
      }),
    );
  });

  test('the same library gets the same keys, and later media change none of the keys', () => {
    fc.assert(
      fc.property(libraries, fc.nat(12), (library, count) => {
        const all = nameAll(library).map((row) => row.key);
        const earlier = nameAll(library.slice(0, count)).map((row) => row.key);
        expect(all.slice(0, earlier.length)).toEqual(earlier);
      }),
    );
  });

  test('the order of originals in a download reply does not change their keys', () => {
    fc.assert(
      fc.property(
        entries.chain((entry) => fc.tuple(fc.constant(entry), fc.shuffledSubarray(entry.set, { minLength: entry.set.length }))),
        ([entry, shuffled]) => {
          const [one, other] = [entry.set, shuffled].map((set) =>
            keysFor({ medium: entry.medium, originals: set, taken: () => false }),
          );
          expect(other).toEqual(one);
        },
      ),
    );
  });

  test('folding a folded key does not change it', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(foldKey(foldKey(value))).toBe(foldKey(value));
      }),
    );
  });
});
