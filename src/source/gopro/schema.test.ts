import { expect, test } from 'vitest';
import { downloadReply, isUsableId, listingReply, mediumFields, recordOf, toMedium } from './schema.ts';

const listing = (media: unknown[], pages: unknown = { total_items: media.length, total_pages: 1 }) => ({
  _pages: pages,
  _embedded: { media },
});

function mediumOf(fields: Record<string, unknown>) {
  return toMedium(recordOf('m1').parse({ id: 'm1', ...fields }), 'me');
}

test('a record with all fields becomes a medium', () => {
  const record = {
    id: 'm1',
    type: 'Video',
    filename: 'GX010123.MP4',
    file_extension: 'MP4',
    file_size: 9_123_456_789,
    item_count: 3,
    captured_at: '2025-07-04T09:15:22Z',
    created_at: '2025-07-06T20:01:10Z',
    updated_at: '2025-07-06T21:44:00Z',
    reprocessed_at: null,
    camera_model: 'HERO12 Black',
    ready_to_view: 'ready',
  };
  expect(Object.keys(record)).toEqual(mediumFields);
  expect(mediumOf(record)).toEqual({
    provider: 'gopro',
    account: 'me',
    id: 'm1',
    type: 'Video',
    filename: 'GX010123.MP4',
    fileExtension: 'MP4',
    sizeHintBytes: 9_123_456_789,
    itemCount: 3,
    capturedAt: '2025-07-04T09:15:22Z',
    createdAt: '2025-07-06T20:01:10Z',
    updatedAt: '2025-07-06T21:44:00Z',
    reprocessedAt: null,
    cameraModel: 'HERO12 Black',
    ready: true,
    readyState: 'ready',
  });
});

test('a record with only an id becomes a medium that is not ready', () => {
  expect(mediumOf({})).toMatchObject({
    type: 'unknown',
    filename: '',
    fileExtension: null,
    sizeHintBytes: null,
    capturedAt: null,
    itemCount: null,
    ready: false,
    readyState: 'unknown',
  });
});

test.each([
  [null, null],
  [0, null],
  ['123', 123],
  ['12 MB', null],
  [-1, null],
  [1.5, null],
  [{}, null],
])('the `file_size` %j becomes the size %j', (file_size, sizeHintBytes) => {
  expect(mediumOf({ file_size }).sizeHintBytes).toBe(sizeHintBytes);
});

test('an invalid value of an optional field counts as absent, but an invalid time is kept as text', () => {
  const medium = mediumOf({
    filename: null,
    file_extension: '.mp4',
    captured_at: '0000-00-00T99:99:99Z',
    created_at: 17,
    item_count: '4',
    camera_model: ['x'],
    type: 7,
    ready_to_view: 'hyperbaking',
    is_new: { a: 1 },
  });
  expect(medium).toMatchObject({ filename: '', fileExtension: 'mp4', capturedAt: '0000-00-00T99:99:99Z', createdAt: null });
  expect(medium).toMatchObject({ itemCount: 4, cameraModel: null, type: 'unknown', ready: false, readyState: 'hyperbaking' });
});

test('entries without a usable id are counted, and all other entries are read', () => {
  const media = [
    { id: 'a' },
    { id: '' },
    { id: null },
    {},
    null,
    'x',
    { id: '..' },
    { id: 12 },
    { id: '\ud83d' },
    { id: 'a/b?c' },
  ];
  const reply = listingReply.parse(listing(media));
  expect(reply.records.map(({ id }) => id)).toEqual(['a', '12', 'a/b?c']);
  expect(reply.unreadable).toBe(7);
});

test('the totals of a page may be text, but they must be present', () => {
  expect(listingReply.parse(listing([], { total_items: '971', total_pages: '10' }))).toMatchObject({
    totalItems: 971,
    totalPages: 10,
  });
  for (const broken of [
    listing([], { total_items: 1 }),
    listing([], { total_pages: 1 }),
    listing([], { total_items: null, total_pages: 1 }),
    { _embedded: { media: [] } },
    { _pages: { total_items: 0, total_pages: 0 } },
    { _pages: { total_items: 0, total_pages: 0 }, _embedded: { media: {} } },
    [],
    null,
    { error: 'temporarily_unavailable' },
  ]) {
    expect(listingReply.safeParse(broken).success, JSON.stringify(broken)).toBe(false);
  }
});

test('a reply with the record of another medium is refused', () => {
  expect(recordOf('m1').safeParse({ id: 'm2' }).success).toBe(false);
});

test('an id that would change the path of a request is not usable', () => {
  expect(['.', '..', ' ', '', 'x'.repeat(200)].filter(isUsableId)).toEqual([]);
  expect(isUsableId('aB3dE5fG7hJ9k')).toBe(true);
});

test('an invalid field in a download reply does not make the other fields invalid', () => {
  const reply = downloadReply.parse({
    filename: null,
    _embedded: {
      files: null,
      variations: [
        { label: 'source', type: 'MP4', item_number: '2', url: 'u' },
        { available: 'false', camera_position: 3, item_number: 1.5 },
      ],
    },
  });
  expect(reply).toEqual({
    filename: '',
    files: [],
    variations: [
      { label: 'source', type: 'mp4', itemNumber: 2, position: 'default', available: true, url: 'u', headUrl: null },
      { label: '', type: '', itemNumber: null, position: '3', available: false, url: null, headUrl: null },
    ],
    sidecars: [],
  });
});

test('a download reply without its lists, or with an entry that is not an object, is misshapen', () => {
  for (const broken of [
    {},
    { _embedded: {} },
    { _embedded: { sidecar_files: [] } },
    { _embedded: { variations: {} } },
    { _embedded: { variations: [null] } },
    { _embedded: { variations: [], files: ['x'] } },
  ]) {
    expect(downloadReply.safeParse(broken).success, JSON.stringify(broken)).toBe(false);
  }
});
