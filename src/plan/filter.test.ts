import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { medium } from '../../test/support/builders.ts';
import type { Medium } from '../media.ts';
import { covers, knownTypes, parseFilters } from './filter.ts';
import type { FilterOptions } from './filter.ts';

const video = medium('a1', {
  filename: 'GX010123.MP4',
  sizeHintBytes: 5_000,
  capturedAt: '2025-07-04T23:30:00Z',
  createdAt: '2025-07-06T08:00:00Z',
});

function isCovered(options: FilterOptions, changes: Partial<Medium> = {}): boolean {
  return covers(parseFilters(options))({ ...video, ...changes });
}

test('without filters every medium is covered', () => {
  expect(isCovered({})).toBe(true);
  expect(
    isCovered(
      { type: [], camera: [], name: [] },
      { type: 'Hologram', filename: '', capturedAt: null, createdAt: null, cameraModel: null, sizeHintBytes: null },
    ),
  ).toBe(true);
});

describe("dates are days of the camera's clock, and both ends are included", () => {
  test.each<[FilterOptions, boolean]>([
    [{ since: '2025-07-04' }, true],
    [{ since: '2025-07-05' }, false],
    [{ until: '2025-07-04' }, true],
    [{ until: '2025-07-03' }, false],
    [{ since: '2025-07-04', until: '2025-07-04' }, true],
    [{ since: '2025-07-04T23:30' }, true],
    [{ since: '2025-07-04 23:30:00Z' }, true],
    [{ since: '2025-07-04T23:30:00.001' }, false],
    [{ until: '2025-07-04T23:30' }, true],
    [{ until: '2025-07-04T23:29' }, false],
    [{ until: '2025-07-04T23:30:00' }, true],
    [{ until: '2025-07-04T23:29:59.999999' }, false],
  ])('the filters %j cover a medium of 2025-07-04 23:30: %s', (options, expected) => {
    expect(isCovered(options)).toBe(expected);
  });

  test('an offset that the provider adds to a date does not move the date', () => {
    expect(isCovered({ until: '2025-07-04' }, { capturedAt: '2025-07-04T23:30:00-11:00' })).toBe(true);
  });

  test('a medium without a capture date is judged by its arrival, and no date filter covers a medium with neither date', () => {
    const undated = { capturedAt: null };
    expect(isCovered({ since: '2025-07-06', until: '2025-07-06' }, undated)).toBe(true);
    expect(isCovered({ until: '2025-07-05' }, undated)).toBe(false);
    expect(isCovered({ since: '2025-07-05' }, { capturedAt: '0000-00-00' })).toBe(true);
    expect(isCovered({ since: '1970-01-01' }, { capturedAt: null, createdAt: 'soon' })).toBe(false);
  });
});

describe('filters for types, cameras and names', () => {
  test.each<[FilterOptions, Partial<Medium>, boolean]>([
    [{ type: ['video'] }, {}, true],
    [{ type: ['Photo', 'VIDEO'] }, {}, true],
    [{ type: ['Photo'] }, {}, false],
    [{ type: ['Video'] }, { type: 'video' }, true],
    [{ camera: ['hero12 black'] }, {}, true],
    [{ camera: ['HERO12'] }, {}, false],
    [{ camera: ['HERO12*'] }, {}, true],
    [{ camera: ['MAX', 'HERO?? Black'] }, {}, true],
    [{ camera: ['*'] }, { cameraModel: null }, false],
    [{ name: ['gx*.mp4'] }, {}, true],
    [{ name: ['GX01012?.MP4'] }, {}, true],
    [{ name: ['GX01'] }, {}, false],
    [{ name: ['*.MP4'] }, { filename: '' }, false],
    [{ name: ['*'] }, { filename: '' }, true],
    [{ name: ['a.b(c)[d]+$^|\\{e}'] }, { filename: 'A.B(C)[D]+$^|\\{E}' }, true],
    [{ name: ['a.b'] }, { filename: 'axb' }, false],
    [{ name: ['?'] }, { filename: '🏄' }, true],
    [{ name: ['m\u00fc*'] }, { filename: 'MU\u0308LLER' }, true],
    [{ type: ['Video'], camera: ['MAX'] }, {}, false],
  ])('the filters %j cover a medium with %j: %s', (options, changes, expected) => {
    expect(isCovered(options, changes)).toBe(expected);
  });

  test('a pattern with many stars is matched quickly', () => {
    expect(isCovered({ name: [`${'*'.repeat(500)}b`] }, { filename: 'a'.repeat(5_000) })).toBe(false);
  });
});

test.each<[FilterOptions, number | null, boolean]>([
  [{ 'min-size': '5000' }, 5_000, true],
  [{ 'min-size': '5001' }, 5_000, false],
  [{ 'max-size': '5000' }, 5_000, true],
  [{ 'max-size': '4999' }, 5_000, false],
  [{ 'max-size': '0' }, 0, true],
  [{ 'min-size': '1', 'max-size': '2' }, null, true],
  [{ 'min-size': '10M' }, 10 * 1024 ** 2, true],
  [{ 'min-size': '10 MiB' }, 10 * 1024 ** 2 - 1, false],
  [{ 'max-size': '1.5g' }, 1.5 * 1024 ** 3, true],
  [{ 'max-size': '1.5GB' }, 1.5 * 1024 ** 3 + 1, false],
  [{ 'min-size': '500K' }, 500 * 1024, true],
  [{ 'max-size': '2T' }, 2 * 1024 ** 4, true],
])('the filters %j cover a medium of %s bytes: %s', (options, sizeHintBytes, expected) => {
  expect(isCovered(options, { sizeHintBytes })).toBe(expected);
});

describe('an impossible value is a usage error that names the option and the value', () => {
  test.each<[FilterOptions, string]>([
    [{ since: '2024-13-45' }, '--since "2024-13-45"'],
    [{ since: '2023-02-29' }, '--since "2023-02-29"'],
    [{ until: 'yesterday' }, '--until "yesterday"'],
    [{ until: '2025-07-04T25:00' }, '--until "2025-07-04T25:00"'],
    [{ until: '2025-07-04T10:00+02:00' }, '--until "2025-07-04T10:00+02:00"'],
    [{ since: '' }, '--since ""'],
    [{ since: '2025-07-05', until: '2025-07-04' }, '--since 2025-07-05 is after --until 2025-07-04'],
    [{ type: ['Video', 'Foto'] }, '--type "Foto"'],
    [{ camera: [' '] }, '--camera " "'],
    [{ name: [''] }, '--name ""'],
    [{ 'min-size': '2M', 'max-size': '1.5M' }, '--min-size 2M is more than --max-size 1.5M'],
    [{ 'min-size': '10X' }, '--min-size "10X"'],
    [{ 'max-size': '-1' }, '--max-size "-1"'],
    [{ 'max-size': 'M' }, '--max-size "M"'],
    [{ 'max-size': '1e3' }, '--max-size "1e3"'],
    [{ 'max-size': '9999999T' }, '--max-size "9999999T"'],
  ])('the options %j are a usage error', (options, message) => {
    expect(() => parseFilters(options)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message), hint: expect.any(String) }),
    );
  });

  test('the error for an unknown type lists the known types', () => {
    expect(() => parseFilters({ type: ['x'] })).toThrow(
      expect.objectContaining({ hint: `Known types: ${knownTypes.join(', ')}.` }),
    );
  });
});

test('a medium is covered by the range of its own day, and not by a range that ends before or begins after that day', () => {
  const days = fc.date({ min: new Date('1900-01-02'), max: new Date('2199-12-30'), noInvalidDate: true });
  fc.assert(
    fc.property(days, (moment) => {
      const capturedAt = moment.toISOString();
      const [before = '', day = '', after = ''] = [-1, 0, 1].map((days_) =>
        new Date(moment.getTime() + days_ * 86_400_000).toISOString().slice(0, 10),
      );
      expect(isCovered({ since: day, until: day }, { capturedAt })).toBe(true);
      expect(isCovered({ until: before }, { capturedAt })).toBe(false);
      expect(isCovered({ since: after }, { capturedAt })).toBe(false);
    }),
  );
});
