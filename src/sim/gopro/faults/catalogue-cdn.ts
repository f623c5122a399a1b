/**
 * The faults in the catalogue that concern files on the CDN. Most of them apply to the first
 * download of each file. A fault whose name ends in `Always` applies to every download.
 */
import type { Fault, FaultAction, FaultExpectation, FaultMatch, FaultTarget } from './faults.ts';

type Maker = (target?: FaultTarget) => Fault[];

const survive: FaultExpectation = { outcome: 'survive' };
const cannotTell: FaultExpectation = { outcome: 'cannot-tell' };
const failedFile: FaultExpectation = { outcome: 'report', exitCode: 1, files: 'failed' };

/** Makes a fault that applies to the first GET of each file. */
function once(id: string, action: FaultAction, expect = survive): Maker {
  return strike(id, action, { method: 'GET', attempt: 1, countPer: 'file' }, expect);
}

/** Makes a fault that applies to every GET of a file. */
function always(id: string, action: FaultAction, expect = failedFile): Maker {
  return strike(id, action, { method: 'GET' }, expect);
}

function strike(id: string, action: FaultAction, match: FaultMatch, expect: FaultExpectation): Maker {
  return (target = {}) => [{ id, match: { host: 'cdn', endpoint: 'file', ...match, ...target }, action, expect }];
}

/**
 * Resets the first GET of each file. The client should resume with a second GET, and that GET gets
 * the given fault.
 */
function onResume(id: string, action: FaultAction): Maker {
  return (target = {}) => {
    const match = { host: 'cdn', endpoint: 'file', method: 'GET', countPer: 'file', ...target } as const;
    return [
      { id, match: { ...match, attempt: 1 }, action: { type: 'reset', afterBytes: 1_000 }, expect: survive },
      { id, match: { ...match, attempt: 2 }, action, expect: survive },
    ];
  };
}

/** Resets the first GET of each part. The second GET has the remainder with a wrong byte. */
function corruptOnResume(id: string): Maker {
  return (target = {}) => {
    const match = { host: 'cdn', endpoint: 'file', method: 'GET', countPer: 'part', ...target } as const;
    return [
      { id, match: { ...match, attempt: 1 }, action: { type: 'reset', afterBytes: 1_000 }, expect: cannotTell },
      { id, match: { ...match, attempt: 2 }, action: { type: 'corrupt' }, expect: cannotTell },
    ];
  };
}

export const cdnFaults = {
  reset: once('reset', { type: 'reset', afterBytes: 1_000 }),
  resetBeforeHead: once('resetBeforeHead', { type: 'reset' }),
  resetAlways: always('resetAlways', { type: 'reset' }),
  endEarly: once('endEarly', { type: 'endEarly', afterBytes: 1_000 }),
  short: once('short', { type: 'short', missingBytes: 1 }),
  shortAlways: always('shortAlways', { type: 'short', missingBytes: 1 }),
  html200: once('html200', { type: 'page', kind: 'html' }),
  html200Always: always('html200Always', { type: 'page', kind: 'html' }),
  html200FullLength: once('html200FullLength', { type: 'page', kind: 'html', disguise: 'length' }),
  htmlAsMedia: once('htmlAsMedia', { type: 'page', kind: 'html', disguise: 'media' }),
  json200: once('json200', { type: 'page', kind: 'json' }),
  json200FullLength: once('json200FullLength', { type: 'page', kind: 'json', disguise: 'length' }),
  jsonAsMediaAlways: always('jsonAsMediaAlways', { type: 'page', kind: 'json', disguise: 'media' }),
  cdn401Always: always('cdn401Always', { type: 'status', status: 401 }),
  cdn403: once('cdn403', { type: 'status', status: 403 }),
  cdn403Always: always('cdn403Always', { type: 'status', status: 403 }),
  cdn404Always: always('cdn404Always', { type: 'status', status: 404 }),
  cdn429: once('cdn429', { type: 'status', status: 429, retryAfter: 1 }),
  cdn500: once('cdn500', { type: 'status', status: 500 }),
  cdn500Always: always('cdn500Always', { type: 'status', status: 500 }),
  cdn502: once('cdn502', { type: 'status', status: 502, body: '<html>Bad gateway</html>' }),
  cdn503RetryDate: once('cdn503RetryDate', { type: 'status', status: 503, retryAfter: 1, retryAfterAs: 'date' }),
  cdn504: once('cdn504', { type: 'status', status: 504 }),
  stall: once('stall', { type: 'stall', afterBytes: 1_000 }),
  stallBeforeHead: once('stallBeforeHead', { type: 'stall' }),
  stallAlways: always('stallAlways', { type: 'stall', afterBytes: 0 }),
  drip: once('drip', { type: 'drip', bytes: 64 * 1024, everyMs: 5 }),
  delay: once('delay', { type: 'delay', ms: 200 }),
  ignoreRange: always('ignoreRange', { type: 'ignoreRange' }, survive),
  ignoreRangeOnResume: onResume('ignoreRangeOnResume', { type: 'ignoreRange' }),
  wrongContentRange: always('wrongContentRange', { type: 'wrongContentRange', shiftBytes: 512 }, survive),
  wrongTotal: always('wrongTotal', { type: 'wrongContentRange', totalDelta: 7 }, survive),
  etagChange: onResume('etagChange', { type: 'etagChange' }),
  gzip: once('gzip', { type: 'gzip' }),
  gzipAlways: always('gzipAlways', { type: 'gzip' }),
  redirect: always('redirect', { type: 'redirect' }, survive),
  redirectLoopAlways: always('redirectLoopAlways', { type: 'redirectLoop' }),
  missingLength: strike('missingLength', { type: 'missingLength' }, {}, survive),
  expireUrl: once('expireUrl', { type: 'expireUrl' }),
  expireUrlOnResume: onResume('expireUrlOnResume', { type: 'expireUrl' }),
  headRefused: strike('headRefused', { type: 'status', status: 403 }, { method: 'HEAD' }, survive),
  headNotAllowed: strike('headNotAllowed', { type: 'status', status: 405 }, { method: 'HEAD' }, survive),
  /**
   * HEAD states a size that is too large. To a client that sends HEAD, it seems that GET delivers
   * too few bytes. A client that sends no HEAD does not notice the fault.
   */
  headLies: strike('headLies', { type: 'headLies', extraBytes: 4_096 }, { method: 'HEAD' }, failedFile),
  /** Only a client that compares a file with its ETag notices that a byte is wrong. */
  corrupt: once('corrupt', { type: 'corrupt' }, cannotTell),
  corruptAlways: always('corruptAlways', { type: 'corrupt', at: 'middle' }, cannotTell),
  corruptOnResume: corruptOnResume('corruptOnResume'),
  corruptAtBorder: strike(
    'corruptAtBorder',
    { type: 'corrupt', at: 'beforeBorder' },
    { method: 'GET', byte: 'beforeBorder', attempt: 1, countPer: 'file' },
    cannotTell,
  ),
} satisfies Record<string, Maker>;
