/**
 * Paths, templates and functions of the states language in JSONPath, as far as our definition uses
 * them. A path that leads nowhere is an error.
 */

import type { Fields, Json } from '../../../infra/states/definition.ts';

export interface Scope {
  readonly input: Json;
  readonly context: Fields;
}

/** Returns `target` with another value at `path`, which is `$`, `$.a`, `$.a.b` and so on. */
export function put(target: Json, path: string, value: Json): Json {
  const [first, ...rest] = namesIn(path);
  if (first === undefined) return value;
  if (!isFields(target)) throw new Error(`${path} cannot be put into ${JSON.stringify(target)}`);
  return { ...target, [first]: rest.length === 0 ? value : put(target[first] ?? {}, ['$', ...rest].join('.'), value) };
}

/** Returns a template with its paths replaced by their values. */
export function filled(template: Json, scope: Scope): Json {
  if (Array.isArray(template)) return template.map((part: Json) => filled(part, scope));
  if (!isFields(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), evaluated(asString(value), scope)] : [name, filled(value, scope)],
    ),
  );
}

/** Evaluates a path or an intrinsic function. */
export function evaluated(text: string, scope: Scope): Json {
  const call = /^States\.(\w+)\((.*)\)$/s.exec(text);
  if (!call) return at(text, scope);
  const [, name, list = ''] = call;
  const given = argumentsIn(list).map((argument) => {
    const literal = /^'(.*)'$/s.exec(argument);
    return literal ? (literal[1] ?? '') : evaluated(argument, scope);
  });
  if (name === 'JsonToString') return JSON.stringify(given[0]);
  if (name !== 'Format') throw new Error(`unknown function States.${name}`);
  const [format, ...values] = given;
  const parts = asString(format ?? null).split('{}');
  if (parts.length !== values.length + 1) throw new Error(`${text} has other placeholders than values`);
  return parts.map((part, index) => part + (index < values.length ? asText(values[index] ?? null) : '')).join('');
}

export function asString(value: Json): string {
  if (typeof value !== 'string') throw new Error(`not a text: ${JSON.stringify(value)}`);
  return value;
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Splits a list of arguments at the commas outside quotes and parentheses. */
function argumentsIn(list: string): readonly string[] {
  return [...list.matchAll(/\s*((?:'[^']*'|[^,'()]|\((?:'[^']*'|[^'()])*\))+)\s*(?:,|$)/gs)].map(([, argument = '']) =>
    argument.trim(),
  );
}

export function at(path: string, { input, context }: Scope): Json {
  const isContext = path.startsWith('$$');
  let value: Json = isContext ? context : input;
  for (const name of namesIn(isContext ? path.slice(1) : path)) {
    if (!isFields(value) || !(name in value))
      throw new Error(`${path} leads nowhere in ${JSON.stringify(isContext ? context : input)}`);
    value = value[name] ?? null;
  }
  return value;
}

function namesIn(path: string): readonly string[] {
  if (!/^\$(?:\.\w+)*$/.test(path)) throw new Error(`not a plain path: ${path}`);
  return path.split('.').slice(1);
}

function isFields(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
