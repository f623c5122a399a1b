import { describe, expect, test } from 'vitest';
import { createSniffer } from './first-bytes.ts';

function judge(content: string, extension: string, chunkBytes = content.length): () => void {
  return () => {
    const sniff = createSniffer(extension);
    const bytes = Buffer.from(content, 'latin1');
    for (let at = 0; at < bytes.length; at += chunkBytes) sniff(bytes.subarray(at, at + chunkBytes));
  };
}

describe.each([1, 3, 1000])('a sniffer that gets %i bytes at a time', (chunkBytes) => {
  test.each([
    '<p>',
    '<html></html>',
    '{}',
    '{"error":"x"}',
    '[{}]',
    `${' \r\n\t'.repeat(50)}<!doctype html><title>Expired</title>`,
    `\xef\xbb\xbf\n<?xml version="1.0"?><Error/>`,
    `\n\n{"message":"Forbidden"}`,
  ])('a page that begins with %j is refused as a photo, however short the page is', (page) => {
    expect(judge(page, 'jpg', chunkBytes)).toThrow(expect.objectContaining({ code: 'NOT_MEDIA' }));
    expect(judge(page, 'xyz', chunkBytes)).not.toThrow();
  });

  test.each(['', '\n', '<', '{', 'short', '\xff\xd8\xff', '\xff\xd8\xff\xe1 a photo that goes on', '   not a page at all'])(
    'a photo that begins with %j is accepted',
    (content) => {
      expect(judge(content, 'jpg', chunkBytes)).not.toThrow();
    },
  );
});

test('a sniffer checks only the beginning of a file', () => {
  expect(judge('\xff\xd8\xff\xe1 a photo with <html> in it', 'jpg', 17)).not.toThrow();
  expect(judge(`sixteen letters.<html>`, 'jpg', 16)).not.toThrow();
});

test.each([
  ['<!DOCTYPE html><html>', 'mp4'],
  ['  <html lang="en">', 'jpg'],
  ['{"error":"expired"}', 'mp4'],
  ['\x1f\x8b\x08\0\0\0\0\0\0\0\0\0', 'mp4'],
  ['\xff\xd8\xff\xe0 a thumbnail', 'mp4'],
  ['PK\x03\x04 a zip', '360'],
])('a file that begins with %j is refused as .%s', (text, extension) => {
  expect(judge(text, extension)).toThrow(expect.objectContaining({ code: 'NOT_MEDIA' }));
});

test.each([
  ['\0\0\0\x18ftypmp42....', 'mp4'],
  ['\0\0\0\x08wide\0\0\0\0mdat', 'mov'],
  ['\xff\xd8\xff\xe1 a photo', 'jpg'],
  ['II*\0 a raw photo', 'gpr'],
  ['anything at all', 'bin'],
  ['\0\0\0\x18ftypheic a photo by a phone', 'jpg'],
  ['\x89PNG\r\n\x1a\n a screenshot', 'jpg'],
  ['{"telemetry":1}', 'json'],
  ['<?xml version="1.0"?>', 'gpx'],
])('a file that begins with %j is accepted as .%s', (text, extension) => {
  expect(judge(text, extension)).not.toThrow();
});
