import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SyncError } from '../../errors.ts';

/** The few kinds of values in the table, converted to and from DynamoDB's wire form. */

export type Value = string | number | readonly Value[];
export type Values = Readonly<Record<string, Value | null | undefined>>;
export type Item = Record<string, AttributeValue>;

/** Leaves out values that are null. Repairs ill-formed Unicode, which DynamoDB refuses. */
export function toItem(values: Values): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) item[name] = toAttribute(value);
  }
  return item;
}

function toAttribute(value: Value): AttributeValue {
  if (typeof value === 'string') return { S: value.toWellFormed() };
  if (typeof value === 'number') return { N: String(value) };
  return { L: value.map(toAttribute) };
}

export function fromItem(item: Item): Record<string, Value> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromAttribute(name, value)]));
}

function fromAttribute(name: string, { S, N, L }: AttributeValue): Value {
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  if (L !== undefined) return L.map((value) => fromAttribute(name, value));
  throw new SyncError('TRACKER_UNUSABLE', `the attribute ${name} has a type that Cloud Sync never writes`, {
    hint: 'Restore the table from its point-in-time backup, or use a new table: the tracker is rebuilt from the archive.',
  });
}
