import { expect, test } from 'vitest';
import { parseInput, unknownFields } from './input.ts';

const defaults = { provider: 'gopro', trigger: 'manual', full_listing: false };

test.each([
  [{}, defaults],
  [{ provider: 'gopro' }, defaults],
  [{ trigger: 'schedule' }, { ...defaults, trigger: 'schedule' }],
  [{ full_listing: true }, { ...defaults, full_listing: true }],
  [{ Comment: 'Insert your JSON here' }, defaults],
])('the input %j of an execution is accepted', (input, parsed) => {
  expect(parseInput(input)).toEqual(parsed);
});

test.each([
  [{ provider: 'dropbox' }, 'provider'],
  [{ provider: null }, 'provider'],
  [{ trigger: 'cron' }, 'trigger'],
  [{ full_listing: 'yes' }, 'full_listing'],
  [null, 'the input'],
  [undefined, 'the input'],
  ['gopro', 'the input'],
  [[], 'the input'],
])('the input %j of an execution is refused, and the error names "%s"', (input, field) => {
  expect(() => parseInput(input)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(field), hint: expect.stringContaining('{}') }),
  );
});

test('misspelt fields of an input are found', () => {
  expect(unknownFields({ provider: 'gopro', full_listng: true })).toEqual(['full_listng']);
  expect(unknownFields(null)).toEqual([]);
});
