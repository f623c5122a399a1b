import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allRoles, originalId } from '../../media.ts';
import { resolveOriginals } from './originals.ts';
import { downloadReply } from './schema.ts';

const proxies = ['high_res_proxy_mp4', 'mp4_low', 'edit_proxy', 'audio_proxy', 'timelapse_video', 'concat'];
const labels = fc.constantFrom('source', 'source', 'baked_source', 'raw_photo', 'gpmf', 'gpx', 'hologram', '', ...proxies);
const extensions = fc.constantFrom('mp4', 'jpg', '360', 'gpr', 'png', 'json');

/** Any entry of a reply, without its URL. `numbered` gives every entry another URL. */
const anyEntry = fc.record(
  {
    label: labels,
    type: fc.oneof(extensions, fc.constantFrom('', 'MP4', 'h265')),
    item_number: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(null, '3', 'x')),
    camera_position: fc.constantFrom('default', 'left', 'right', null),
    available: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, fc.constantFrom(false, null)),
    extension: extensions,
  },
  { requiredKeys: ['label', 'extension'] },
);

type AnyEntry = typeof anyEntry extends fc.Arbitrary<infer T> ? T : never;

function numbered(list: string, entries: readonly AnyEntry[], signature: string) {
  return entries.map(({ extension, ...fields }, nth) => ({
    ...fields,
    url: `https://cdn.example/${list}/${nth}.${extension}?Signature=${signature}&Expires=${signature.length}`,
    head: null,
  }));
}

const anyReply = fc.record({
  files: fc.array(anyEntry, { maxLength: 6 }),
  variations: fc.array(anyEntry, { maxLength: 8 }),
  sidecar_files: fc.array(anyEntry, { maxLength: 5 }),
});

type AnyReply = typeof anyReply extends fc.Arbitrary<infer T> ? T : never;

function resolve(reply: AnyReply, signature = 's') {
  const lists = Object.entries(reply).map(([list, entries]) => [list, numbered(list, entries, signature)]);
  return resolveOriginals('m1', downloadReply.parse({ filename: 'A.MP4', _embedded: Object.fromEntries(lists) }), allRoles);
}

const idsOf = (resolution: ReturnType<typeof resolve>) => resolution.originals.map((original) => originalId(original, 1));
const pathsOf = (resolution: ReturnType<typeof resolve>) => resolution.originals.map(({ url }) => new URL(url).pathname);

/** The fields that make the identity of an entry. */
function keyOf({ label, type, item_number, camera_position }: AnyEntry): string {
  const number = Number(item_number ?? 'none');
  return JSON.stringify([
    label,
    type?.toLowerCase() ?? '',
    Number.isInteger(number) ? number : null,
    camera_position ?? 'default',
  ]);
}

function idsByUrl(variations: readonly unknown[]): Map<string, string> {
  const reply = downloadReply.parse({ filename: '', _embedded: { files: [], variations, sidecar_files: [] } });
  const { originals } = resolveOriginals('m1', reply, allRoles);
  return new Map(originals.map((original) => [original.url, originalId(original, 1)]));
}

test('a medium offers each available source once; a medium with frames offers each available frame once', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      const { originals } = resolve(reply);
      const files = reply.files.map((each, nth) => ({ ...each, path: `/files/${nth}.${each.extension}` }));
      const sources = reply.variations.flatMap((each, nth) =>
        each.label === 'source' ? [{ ...each, path: `/variations/${nth}.${each.extension}` }] : [],
      );
      const offered = originals.filter(({ role }) => role === 'source').map(({ url }) => new URL(url).pathname);
      const available = (entries: typeof files) => entries.filter(({ available: is }) => is !== false).map(({ path }) => path);
      // If no frame of the set is available, the cover of the set is not offered either.
      const isSet = offered.some((path) => path.startsWith('/files/')) || (files.length > 1 && available(files).length === 0);
      if (!isSet || offered.some((path) => path.startsWith('/variations/')))
        expect(offered.toSorted()).toEqual(available(sources).toSorted());
      else expect(offered.toSorted()).toEqual(available(files).toSorted());
    }),
    { numRuns: 2_000 },
  );
});

test('if the source of a reply is a video, every available source is offered, whatever else the reply has', () => {
  const video = fc.record({ reply: anyReply, at: fc.nat(8) });
  fc.assert(
    fc.property(video, ({ reply, at }) => {
      const variations = reply.variations.toSpliced(at, 0, { label: 'source', extension: 'mp4', available: true });
      const paths = pathsOf(resolve({ ...reply, variations }));
      const wanted = variations.flatMap((each, nth) =>
        each.label === 'source' && each.available !== false ? [`/variations/${nth}.${each.extension}`] : [],
      );
      expect(paths.filter((path) => wanted.includes(path)).toSorted()).toEqual(wanted.toSorted());
    }),
    { numRuns: 2_000 },
  );
});

test('no two originals of a reply have the same identity', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      const ids = idsOf(resolve(reply));
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: 1_000 },
  );
});

test('signatures and additional proxies do not change the identities of originals', () => {
  fc.assert(
    fc.property(anyReply, fc.array(fc.constantFrom(...proxies)), (any, more) => {
      // The first proxy changes the result for a reply with only sidecars. So every reply gets one
      // proxy before the test adds more.
      const reply = { ...any, variations: [...any.variations, { label: 'concat', extension: 'mp4' } as const] };
      const first = resolve(reply);
      const again = resolve(reply, 'another signature');
      expect(idsOf(again)).toEqual(idsOf(first));
      expect(pathsOf(again)).toEqual(pathsOf(first));
      const added = more.map((label) => ({ label, extension: 'mp4' }) as const);
      expect(idsOf(resolve({ ...reply, variations: [...reply.variations, ...added] })).toSorted()).toEqual(
        idsOf(first).toSorted(),
      );
    }),
    { numRuns: 1_000 },
  );
});

test('if entries differ in number, type or position, their order does not change their identities', () => {
  const distinct = fc.uniqueArray(anyEntry, { selector: keyOf, maxLength: 8 }).map((entries) =>
    entries.map((each, nth) => ({
      ...each,
      item_number: nth,
      url: `https://cdn.example/${nth}.${each.extension}`,
      head: null,
    })),
  );
  const shuffled = distinct.chain((entries) =>
    fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
  );
  fc.assert(
    fc.property(shuffled, ([entries, otherOrder]) => {
      expect(idsByUrl(otherOrder)).toEqual(idsByUrl(entries));
    }),
  );
});

test('a proxy is never offered', () => {
  fc.assert(
    fc.property(anyReply, (reply) => {
      for (const { label } of resolve(reply).originals) expect(proxies).not.toContain(label);
    }),
    { numRuns: 1_000 },
  );
});
