import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReportModel } from './model.ts';
import { reportPage } from './page.ts';

function modelWith(name: string): ReportModel {
  const rows = [{ name, files: 1, bytes: 10 }];
  return {
    place: name,
    archiveId: name,
    madeAt: '2026-12-01T08:00:00.000Z',
    hasTracker: true,
    archived: { files: 1, bytes: 10 },
    media: 1,
    firstAt: name,
    lastAt: '2025-07-14T09:00:00.000',
    months: rows,
    cameras: rows,
    types: rows,
    proofs: rows,
    checks: rows,
    oldestReadAt: null,
    largest: [{ name, bytes: 10 }],
    problemCounts: [{ word: name, entries: 700 }],
    problems: [{ word: name, name, mediaId: name, reason: name, since: name }],
  };
}

/** The tags of a page, without the text between them. */
function tagsOf(page: string): string[] {
  return page.match(/<[^>]*>/g) ?? [];
}

test('no text of another system becomes markup, whatever it is', () => {
  const plain = tagsOf(reportPage(modelWith('plain')));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const tags = tagsOf(reportPage(modelWith(name)));
      expect(tags.length).toBe(plain.length);
      expect(tags.map((tag) => tag.split(/[\s>]/)[0])).toEqual(plain.map((tag) => tag.split(/[\s>]/)[0]));
    }),
  );
});

test.each([
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='x",
  '</style><b>',
  '\u202egpj.exe',
  '\0\u001b[2J',
])('the name %j is shown and does nothing', (name) => {
  const page = reportPage(modelWith(name));
  // oxlint-disable-next-line no-control-regex -- finding control characters is the point
  expect(page).not.toMatch(/<script|<img|<b>|onload='|\u202e|[\0\u001b]/);
});

test('a long name is cut, and the page stays small', () => {
  const page = reportPage(modelWith('x'.repeat(1_000_000)));
  expect(page.length).toBeLessThan(40_000);
});

test('the policy of the page allows exactly its own style', () => {
  const page = reportPage(modelWith('plain'));
  const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(page).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;`);
});
