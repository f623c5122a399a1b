import { describe, expect, test } from 'vitest';
import { checkReply, parseContentRange, type Asked } from './guard.ts';

const validator = { etag: '"a"', lastModified: null };
const whole: Asked = { range: null, known: { sizeBytes: 100, validator }, extension: 'mp4' };
const part: Asked = { ...whole, range: { start: 10, end: 19 } };

function headers(changes: Record<string, string> = {}) {
  return { 'content-type': 'video/mp4', etag: '"a"', ...changes };
}

describe('accepted replies', () => {
  test('a reply with the whole file and its length is accepted', () => {
    expect(checkReply({ status: 200, headers: headers({ 'content-length': '100' }) }, whole)).toEqual({
      sizeBytes: 100,
      validator,
    });
  });
  test('a reply with exactly the requested range is accepted', () => {
    expect(
      checkReply({ status: 206, headers: headers({ 'content-range': 'bytes 10-19/100', 'content-length': '10' }) }, part)
        .sizeBytes,
    ).toBe(100);
  });
  test('a reply without a length is accepted when its end can be recognised', () => {
    const unknown = { ...whole, known: { sizeBytes: null, validator } };
    expect(checkReply({ status: 200, headers: headers({ 'transfer-encoding': 'chunked' }) }, unknown).sizeBytes).toBeNull();
  });
});

describe('refused replies', () => {
  const refusals: [string, string, { status: number; headers: Record<string, string> }, Asked][] = [
    ['RANGE_IGNORED', 'the whole file for a range', { status: 200, headers: headers({ 'content-length': '100' }) }, part],
    ['RANGE_IGNORED', 'another range', { status: 206, headers: headers({ 'content-range': 'bytes 11-20/100' }) }, part],
    ['RANGE_IGNORED', 'another total', { status: 206, headers: headers({ 'content-range': 'bytes 10-19/101' }) }, part],
    ['RANGE_IGNORED', 'a range without a total', { status: 206, headers: headers({ 'content-range': 'bytes 10-19/*' }) }, part],
    [
      'SIZE_UNPROVEN',
      'two different lengths',
      { status: 206, headers: headers({ 'content-range': 'bytes 10-19/100', 'content-length': '9' }) },
      part,
    ],
    ['SIZE_UNPROVEN', 'another length than announced', { status: 200, headers: headers({ 'content-length': '99' }) }, whole],
    [
      'SIZE_UNPROVEN',
      'no length, no chunks, and no size from HEAD',
      { status: 200, headers: headers() },
      { ...whole, known: { sizeBytes: null, validator } },
    ],
    [
      'SIZE_UNPROVEN',
      'a part although the whole file was requested',
      { status: 206, headers: headers({ 'content-range': 'bytes 0-99/100' }) },
      whole,
    ],
    ['SOURCE_CHANGED', 'another ETag', { status: 200, headers: headers({ etag: '"b"', 'content-length': '100' }) }, whole],
    [
      'NOT_MEDIA',
      'a page',
      { status: 200, headers: headers({ 'content-type': 'text/html; charset=utf-8', 'content-length': '100' }) },
      whole,
    ],
    [
      'NOT_MEDIA',
      'JSON',
      { status: 200, headers: headers({ 'content-type': 'application/problem+json', 'content-length': '100' }) },
      whole,
    ],
    [
      'NOT_MEDIA',
      'an encoded body',
      { status: 200, headers: headers({ 'content-encoding': 'gzip', 'content-length': '100' }) },
      whole,
    ],
  ];
  test.each(refusals)('`checkReply` throws %s for a reply with %s', (code, _what, reply, asked) => {
    expect(() => checkReply(reply, asked)).toThrow(expect.objectContaining({ code }));
  });
});

test('JSON is accepted for a .json sidecar', () => {
  const asked = { ...whole, extension: 'json' };
  expect(
    checkReply({ status: 200, headers: headers({ 'content-type': 'application/json', 'content-length': '100' }) }, asked)
      .sizeBytes,
  ).toBe(100);
});

test('Content-Range is parsed strictly', () => {
  expect(parseContentRange('bytes 0-0/1')).toEqual({ start: 0, end: 0, totalBytes: 1 });
  for (const bad of [undefined, '', 'bytes */10', 'bytes 5-4/10', 'bytes 0-10/10', 'items 0-1/10'])
    expect(parseContentRange(bad)).toBeUndefined();
});
