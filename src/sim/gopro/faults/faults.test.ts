import { describe, expect, test } from 'vitest';
import { faultCatalogue, faultNames, faultsFromText } from './catalogue.ts';
import { createFaultSwitch, parseFaults, type Fault, type FaultMatch, type StruckRequest } from './faults.ts';
import type { SimFile } from '../library/medium.ts';

const file: SimFile = {
  key: 'source-2',
  list: 'variations',
  label: 'source',
  type: 'mp4',
  itemNumber: 2,
  available: true,
  modifiedAt: '2025-01-01T00:00:00Z',
  stored: { partBytes: 150 },
  seed: 's',
  sizeBytes: 400,
  extension: 'mp4',
};

const download: StruckRequest = {
  host: 'cdn',
  endpoint: 'file',
  method: 'GET',
  mediaId: 'm',
  file,
  page: undefined,
  range: { start: 100, end: 200 },
};

/**
 * Applies a fault to several requests. Returns which requests it was applied to, counted from 1.
 */
function struckAttempts(match: FaultMatch, requests: readonly StruckRequest[]): number[] {
  const faults = createFaultSwitch([{ match, action: { type: 'reset' } }]);
  return requests.flatMap((request, index) => (faults.strike(request).length > 0 ? [index + 1] : []));
}

const six = Array.from({ length: 6 }, () => download);

describe('the requests that a fault applies to', () => {
  test.each<[FaultMatch, number[]]>([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ attempt: 'every' }, [1, 2, 3, 4, 5, 6]],
    [{ attempt: 2 }, [2]],
    [{ attempt: { from: 3, to: 4 } }, [3, 4]],
    [{ attempt: { from: 5 } }, [5, 6]],
    [{ attempt: { every: 3 } }, [3, 6]],
  ])('of six equal requests, the match %j selects the numbers %j', (match, expected) => {
    expect(struckAttempts(match, six)).toEqual(expected);
  });

  test.each<[FaultMatch, boolean]>([
    [{ host: 'cdn' }, true],
    [{ host: 'api' }, false],
    [{ endpoint: 'download' }, false],
    [{ method: 'HEAD' }, false],
    [{ mediaId: 'm', label: 'source', itemNumber: 2 }, true],
    [{ mediaId: 'n' }, false],
    [{ itemNumber: 1 }, false],
    [{ key: 'source-2' }, true],
    [{ label: 'raw_photo' }, false],
    [{ rangeStartAtLeast: 100 }, true],
    [{ rangeStartAtLeast: 101 }, false],
    [{ byte: 100 }, true],
    [{ byte: 199 }, true],
    [{ byte: 200 }, false],
    [{ byte: 'beforeBorder' }, true],
    [{ byte: 'afterBorder' }, true],
    [{ byte: 'middle' }, false],
    [{ page: 1 }, false],
  ])('the match %j fits a download: %s', (match, expected) => {
    expect(struckAttempts(match, [download])).toEqual(expected ? [1] : []);
  });

  test('attempts are counted for all requests together, for each medium, for each file or for each part', () => {
    const requests = [
      download,
      { ...download, file: { ...file, key: 'source-3' } },
      { ...download, mediaId: 'n' },
      { ...download, range: { start: 150, end: 200 } },
      { ...download, range: { start: 150, end: 250 } },
    ];
    expect(struckAttempts({ attempt: 1 }, requests)).toEqual([1]);
    expect(struckAttempts({ attempt: 1, countPer: 'medium' }, requests)).toEqual([1, 3]);
    expect(struckAttempts({ attempt: 1, countPer: 'file' }, requests)).toEqual([1, 2, 3]);
    expect(struckAttempts({ attempt: 1, countPer: 'part' }, requests)).toEqual([1, 2, 3, 5]);
    expect(struckAttempts({ attempt: 2, countPer: 'part' }, requests)).toEqual([4]);
  });

  test('a fault of a file does not apply to a request without a file', () => {
    expect(struckAttempts({ label: 'source' }, [{ ...download, file: undefined }])).toEqual([]);
  });

  test('`set` restarts the counts of attempts, `clear` ends all faults, and both keep the hits of earlier faults', () => {
    const first: Fault = { id: 'first', match: { attempt: 1 }, action: { type: 'reset' } };
    const faults = createFaultSwitch([first]);
    expect(faults.strike(download)).toHaveLength(1);
    expect(faults.strike(download)).toHaveLength(0);
    faults.set([first]);
    expect(faults.strike(download)).toHaveLength(1);
    faults.clear();
    expect(faults.strike(download)).toHaveLength(0);
    expect(faults.active).toEqual([]);
    expect(faults.hits()).toEqual({ first: 2 });
  });
});

describe('faults from text', () => {
  test('a text with the names of faults gives these faults of the catalogue, limited to the target', () => {
    const faults = faultsFromText('reset, api429', { mediaId: 'm' });
    expect(faults.map((fault) => fault.id)).toEqual(['reset', 'api429']);
    expect(faults[0]?.match).toMatchObject({ mediaId: 'm', host: 'cdn' });
  });

  test('a JSON array gives the faults in the array', () => {
    const faults = [{ match: { endpoint: 'search', page: 2 }, action: { type: 'delay', ms: 5 } }];
    expect(faultsFromText(` ${JSON.stringify(faults)}`)).toEqual(faults);
  });

  test.each([
    ['resett', /no fault named "resett".*reset/],
    ['', /no fault named ""/],
    ['[{', /not valid JSON/],
    ['[{"action":{"type":"explode"}}]', /are not valid/],
    ['[{"action":{"type":"reset"},"match":{"medium":"m"}}]', /are not valid[^]*medium/],
    ['[{"action":{"type":"drip","bytes":0,"everyMs":5}}]', /are not valid/],
  ])('a text that names no valid faults is refused, and the error says why: %s', (text, reason) => {
    expect(() => faultsFromText(text)).toThrow(reason);
  });
});

describe('the catalogue', () => {
  test.each(faultNames)('the fault %s is well formed and has an expectation', (name) => {
    const faults = faultCatalogue[name]({ mediaId: 'm', itemNumber: 2 });
    expect(parseFaults(faults)).toEqual(faults);
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) {
      expect(fault.id).toBe(name);
      expect(fault.expect).toBeDefined();
    }
  });
});
