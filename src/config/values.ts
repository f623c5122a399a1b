/** Parses the values of options. Every error is USAGE and names the origin of the value. */
import { SyncError } from '../errors.ts';
import { didYouMean } from './nearest.ts';
import type { OptionSpec } from './options/spec.ts';

type Scalar = string | number | boolean | Date;

/** A value from a flag, the environment or TOML. */
export type RawValue = Scalar | readonly Scalar[];

/** A parsed value of any type. */
export type OptionValue = string | number | boolean | readonly string[];

/**
 * Parses a value by the type of its option. `where` names the option as the person wrote it, such
 * as `--since` or `CLOUD_SYNC_SINCE`.
 */
export function parseValue(spec: OptionSpec, raw: RawValue, where: string): OptionValue {
  if (spec.type === 'flag') return parseFlag(raw, where);
  if (spec.type === 'list') return parseList(spec, raw, where);
  const [value, ...others] = scalarsOf(raw);
  if (value === undefined || others.length > 0 || typeof value === 'boolean')
    throw new SyncError('USAGE', `${where} needs exactly one value`, { hint: `Write ${example(spec)}.` });
  const text = textOf(spec, value, where);
  if (text === '')
    throw new SyncError('USAGE', `${where}: the value is empty`, { hint: `Write ${example(spec)}, or leave it out.` });
  if (spec.type === 'integer' || spec.type === 'number') return parseNumber(spec, text, where);
  return spec.type === 'url' ? checkUrl(text, where) : checkAllowed(spec, text, where);
}

function scalarsOf(raw: RawValue): readonly Scalar[] {
  return Array.isArray(raw) ? (raw as readonly Scalar[]) : [raw as Scalar];
}

/** The types of options that config.toml may give as a bare number. */
const numeric: ReadonlySet<OptionSpec['type']> = new Set(['integer', 'number', 'amount']);

/** Flags and the environment give only texts. config.toml may give a value of the wrong kind. */
function textOf({ name, type }: OptionSpec, value: Scalar, where: string): string {
  if (typeof value === 'string') return value.trim();
  if (value instanceof Date) {
    if (type === 'date') return value.toISOString();
  } else if (typeof value === 'number' && numeric.has(type)) return String(value);
  const kind = value instanceof Date ? 'a date' : typeof value === 'number' ? 'a number' : 'true or false';
  const hint = numeric.has(type) ? `Write ${name} = 5.` : `Write ${name} = ${JSON.stringify(String(value))}.`;
  throw new SyncError('USAGE', `${where} is ${kind}, but must be ${numeric.has(type) ? 'a number' : 'a text'}`, { hint });
}

function checkUrl(text: string, where: string): string {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw new SyncError('USAGE', `${where}: the address contains a user name or a password`, {
      hint: 'Leave them out: addresses are stored and shown.',
    });
  }
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return spellAddress(url);
  throw new SyncError('USAGE', `${where}: "${text}" is not an http or https address`, { hint: 'Write it as https://host.' });
}

/**
 * Returns the same text for each spelling of an address: with the host name in lower case, and
 * without the usual port and the slashes at the end.
 */
export function spellAddress({ origin, pathname, search, hash }: URL): string {
  return origin + pathname.replace(/\/+$/, '') + search + hash;
}

function example(spec: OptionSpec): string {
  return `--${spec.name} ${spec.metavar ?? 'VALUE'}`;
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

function parseFlag(raw: RawValue, where: string): boolean {
  const value = booleans[String(raw).trim().toLowerCase()];
  if (value === undefined)
    throw new SyncError('USAGE', `${where}: "${String(raw)}" is neither true nor false`, { hint: 'Write true or false.' });
  return value;
}

function parseList(spec: OptionSpec, raw: RawValue, where: string): readonly string[] {
  const given = scalarsOf(raw);
  const entries = given
    .flatMap((entry) => textOf(spec, entry, where).split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0 && given.length > 0) {
    throw new SyncError('USAGE', `${where}: the list is empty`, { hint: `Write ${example(spec)}, or leave it out.` });
  }
  return [...new Set(entries.map((entry) => checkAllowed(spec, entry, where)))];
}

/** Returns the value in the spelling of the option table. Letter case does not count. */
function checkAllowed(spec: OptionSpec, text: string, where: string): string {
  const { allowed, shape, metavar } = spec;
  if (shape && !shape.test(text))
    throw new SyncError('USAGE', `${where}: "${text}" is not a ${metavar?.toLowerCase() ?? 'value'}`, {
      hint: `Write ${example(spec)} with letters, digits and hyphens only.`,
    });
  if (!allowed) return text;
  const known = allowed.find((value) => value.toLowerCase() === text.toLowerCase());
  if (known !== undefined) return known;
  throw new SyncError('USAGE', `${where}: "${text}" is unknown${didYouMean(text, allowed)}`, {
    hint: `Known values: ${allowed.join(', ')}.`,
  });
}

function parseNumber(spec: OptionSpec, text: string, where: string): number {
  const value = Number(text);
  const { min = -Infinity, max = Infinity } = spec;
  const shape = spec.type === 'integer' ? /^\d+$/ : /^\d+(\.\d+)?$/;
  if (shape.test(text) && value >= min && value <= max) return value;
  const kind = spec.type === 'integer' ? 'a whole number' : 'a number';
  const suggestion = Number.isFinite(value) ? Math.min(max, Math.max(min, Math.round(value))) : (spec.default ?? min);
  throw new SyncError('USAGE', `${where}: "${text}" is not ${kind} from ${min} to ${max}`, {
    hint: `For example ${String(suggestion)} is allowed.`,
  });
}
