import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allProofs, noEvidence, type Role } from '../media.ts';
import { decodeDescription, encodeDescription, isSameOriginal } from './description.ts';
import type { FileDescription } from './destination.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const filled = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const optional = fc.option(filled, { nil: null });
const role = fc.constantFrom<Role>('source', 'raw', 'edit', 'sidecar');

const evidence = fc.record({
  claim: filled,
  proof: fc.constantFrom(...allProofs),
  claimPartBytes: fc.option(fc.nat(), { nil: null }),
});

const required: fc.Arbitrary<FileDescription> = fc.record({
  original: fc.record({
    provider: fc.constant('gopro' as const),
    account: text,
    mediaId: filled,
    role,
    label: text,
    type: text,
    position: text,
    itemNumber: fc.option(fc.nat(), { nil: null }),
    ordinal: fc.nat(),
    revision: fc.nat(),
    key: filled,
  }),
  originalName: text,
  capturedAt: optional,
  mediumType: filled,
  camera: filled,
  originalsOfMedium: fc.nat(),
  roles: fc.uniqueArray(role),
  validator: fc.record({ etag: optional, lastModified: optional }),
  mediumVersion: text,
});
const description = fc.oneof(
  required,
  fc.tuple(required, evidence).map(([given, known]) => ({ ...given, evidence: known })),
);

test('a description becomes printable ASCII without spaces, and can be decoded again', () => {
  fc.assert(
    fc.property(description, (given) => {
      const fields = encodeDescription(given);
      for (const [name, value] of Object.entries(fields)) {
        expect(name).toMatch(/^[a-z-]+$/);
        expect(value).toMatch(/^[\x21-\x7e]+$/);
      }
      expect(decodeDescription({ ...fields, other: 'x' }, given.original.key)).toEqual(given);
    }),
  );
});

test('an unpaired surrogate causes no error and does not change the other fields', () => {
  const [given] = fc.sample(description, 1);
  const fields = encodeDescription({ ...given!, originalName: 'a\ud800b' });
  expect(decodeDescription(fields, 'k')?.originalName).toBe('a\ufffdb');
});

test.each([undefined, null, 'text', {}, { provider: 'gopro' }])('the value %j is not accepted as a description', (fields) => {
  expect(decodeDescription(fields, 'k')).toBeUndefined();
});

test('a description with an invalid field is unreadable, and is never decoded to wrong values', () => {
  const [given] = fc.sample(description, 1);
  const fields = encodeDescription(given!);
  for (const broken of [
    { role: 'proxy' },
    { ordinal: '-1' },
    { 'media-id': '%zz' },
    { roles: 'source,proxy' },
    { provider: 'other' },
  ]) {
    expect(decodeDescription({ ...fields, ...broken }, 'k')).toBeUndefined();
  }
});

test('a description says nothing of the proof if the provider was not asked for a claim', () => {
  const [given] = fc.sample(required, 1);
  const fields = encodeDescription({ ...given!, evidence: { ...noEvidence, proof: 'unchecked' } });
  expect(fields).toEqual(encodeDescription(given!));
  expect(decodeDescription({ ...fields, proof: 'proven' }, given!.original.key)).toEqual(given);
});

test.each([
  [{ claim: 's3-etag:0-1' }, { proof: 'proven', claimPartBytes: null }],
  [{ claim: 'none' }, { proof: 'none', claimPartBytes: null }],
  [
    { claim: 'sha256:00', proof: 'notarised', 'claim-part-bytes': '5 MiB' },
    { proof: 'unchecked', claimPartBytes: null },
  ],
])('the claim in %j has the evidence %j', (fields, expected) => {
  const [given] = fc.sample(required, 1);
  const decoded = decodeDescription({ ...encodeDescription(given!), ...fields }, 'k');
  expect(decoded?.evidence).toEqual({ claim: fields.claim, ...expected });
});

test('originals are compared by identity, account and revision, but not by key', () => {
  const [given] = fc.sample(description, 1);
  const { original } = given!;
  expect(isSameOriginal(original, { ...original, key: 'elsewhere' })).toBe(true);
  for (const change of [
    { account: `${original.account}2` },
    { ordinal: original.ordinal + 1 },
    { revision: original.revision + 1 },
    { label: `${original.label}2` },
  ]) {
    expect(isSameOriginal(original, { ...original, ...change })).toBe(false);
  }
});
