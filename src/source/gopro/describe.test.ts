import { expect, test } from 'vitest';
import { describeNetworkError, describeShape } from './describe.ts';

function withCode(code: string): Error {
  return Object.assign(new Error('x'), { code });
}

test('the description of a shape contains keys and types, never values', () => {
  const body = { error: 'secret', _pages: { total_items: '12' }, media: [{ id: null, url: 'https://secret' }, {}], empty: [] };
  const shape = describeShape(body);
  expect(shape).toBe('{error: string, _pages: {total_items: string}, media: 2 of {id: null, url: string}, empty: []}');
  expect(shape).not.toContain('secret');
});

test('the description of a shape stays short, and keys that may be data are not shown', () => {
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_, nth) => [`key_${'abcdefghij'[nth % 10]}${'x'.repeat(nth)}`, 1]));
  expect(describeShape(wide).length).toBeLessThan(500);
  expect(describeShape({ eyJhbGciOiJSU0EtT0FFUCJ9: 1, 'a b': { c: { d: { e: 1 } } } })).toBe('{…: number, …: {c: {d: …}}}');
});

test('the description of a network error names its cause, however deep the cause is nested', () => {
  expect(describeNetworkError(withCode('ENOTFOUND'))).toContain('DNS');
  expect(describeNetworkError(new Error('fetch failed', { cause: withCode('ECONNREFUSED') }))).toBe('the connection was refused');
  expect(describeNetworkError(new AggregateError([withCode('EHOSTUNREACH')]))).toContain('no route');
  expect(describeNetworkError(withCode('DEPTH_ZERO_SELF_SIGNED_CERT'))).toContain('TLS');
  expect(describeNetworkError(withCode('CERT_NOT_YET_VALID'))).toContain('clock');
  expect(describeNetworkError(new Error('no reply within 5 ms'))).toBe('no reply within 5 ms');
});
