import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allRoles } from '../../media.ts';
import { columnsOf } from './encoding.ts';
import { initialValues, mediumFields, originalFields, type Field, type Fields, type Kind } from './fields.ts';

const values: Readonly<Record<Kind, fc.Arbitrary<unknown>>> = {
  text: fc.string(),
  count: fc.maxSafeNat(),
  number: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  role: fc.constantFrom(...allRoles),
  roles: fc.subarray([...allRoles]),
  json: fc.dictionary(fc.constantFrom('id', 'sizeBytes'), fc.string()),
};

const valueOf = ({ kind, isNullable }: Field) => (isNullable ? fc.option(values[kind]) : values[kind]);

describe.each<[string, Fields]>([
  ['a medium', mediumFields],
  ['an original', originalFields],
])('the fields of %s', (_, fields) => {
  const columns = columnsOf(fields);

  test('fields come back from a store unchanged', () => {
    const records = fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, valueOf(field)])));
    fc.assert(
      fc.property(records, (record) => {
        const stored = new Map(columns.map(({ name, column, encode }) => [column, encode(record[name])]));
        const read = columns.map(({ name, column, decode }) => [name, decode(stored.get(column))]);
        expect(Object.fromEntries(read)).toEqual(record);
      }),
    );
  });

  test('every field has its own column, in lower case', () => {
    const names = columns.map(({ column }) => column);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  });

  test('a field is empty in a row that was written before the field existed', () => {
    const read = columns.map(({ name, decode }) => [name, decode(undefined)]);
    expect(Object.fromEntries(read)).toMatchObject(initialValues(fields));
  });
});

test('equal sets of roles are read as one object', () => {
  const column = columnsOf(mediumFields).find(({ name }) => name === 'resolvedRoles')!;
  expect(column.decode(3)).toBe(column.decode(column.encode(['raw', 'source'])));
});
