import { describe, expect, test } from 'vitest';
import { createSniffer } from './body.ts';

function judge(content: string, extension: string, chunkBytes = content.length): () => void {
  return () => {
    const sniff = createSniffer(extension);
    const bytes = Buffer.from(content, 'latin1');
    for (let at = 0; at < bytes.length; at += chunkBytes) sniff(bytes.subarray(at, at + chunkBytes));
  };
}

describe.each([1, 3, 1000])('a judge that sees %i bytes at a time', (chunkBytes) => {
  test.each([
    '<p>',
    '<html></html>',
    '{}',
    '{"error":"x"}',
    '[{}]',
    `${' \r\n\t'.repeat(50)}<!doctype html><title>Expired</title>`,
    `\xef\xbb\xbf\n<?xml version="1.0"?><Error/>`,
    `\n\n{"message":"Forbidden"}`,
  ])('refuses %j as a photo, however short it is', (page) => {
    expect(judge(page, 'jpg', chunkBytes)).toThrow(expect.objectContaining({ code: 'NOT_MEDIA' }));
    expect(judge(page, 'xyz', chunkBytes)).not.toThrow();
  });

  test.each(['', '\n', '<', '{', 'short', '\xff\xd8\xff', '\xff\xd8\xff\xe1 a photo that goes on', '   not a page at all'])(
    'lets %j pass',
    (content) => {
      expect(judge(content, 'jpg', chunkBytes)).not.toThrow();
    },
  );
});

test('what lies behind the beginning is not judged', () => {
  expect(judge('\xff\xd8\xff\xe1 a photo with <html> in it', 'jpg', 17)).not.toThrow();
  expect(judge(`sixteen letters.<html>`, 'jpg', 16)).not.toThrow();
});
