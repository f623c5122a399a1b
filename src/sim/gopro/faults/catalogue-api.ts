/**
 * The faults in the catalogue that concern the API: the session, single requests or the listing.
 */
import type { Fault, FaultAction, FaultExpectation, FaultMatch, FaultTarget } from './faults.ts';

type Maker = (target?: FaultTarget) => Fault[];

const survive: FaultExpectation = { outcome: 'survive' };
const signedOut: FaultExpectation = { outcome: 'report', exitCode: 3 };
const unusable: FaultExpectation = { outcome: 'report', exitCode: 5 };
const failedFile: FaultExpectation = { outcome: 'report', exitCode: 1, files: 'failed' };

/**
 * Makes a fault that applies to API requests. A target can limit a fault of download replies to one
 * medium.
 */
function onApi(id: string, match: FaultMatch, action: FaultAction, expect: FaultExpectation): Maker {
  return ({ mediaId } = {}) => {
    const narrowed = mediaId === undefined || match.endpoint !== 'download' ? {} : { mediaId };
    return [{ id, match: { host: 'api', ...match, ...narrowed }, action, expect }];
  };
}

function onSearch(id: string, action: FaultAction, expect: FaultExpectation, match: FaultMatch = {}): Maker {
  return onApi(id, { endpoint: 'search', ...match }, action, expect);
}

const firstSearch = { endpoint: 'search', attempt: 1 } as const;
const firstResolve = { endpoint: 'download', attempt: 1, countPer: 'medium' } as const;

export const apiFaults = {
  api401Always: onApi('api401Always', {}, { type: 'status', status: 401, body: '{"error":"invalid_token"}' }, signedOut),
  resolve401Always: onApi('resolve401Always', { endpoint: 'download' }, { type: 'status', status: 401 }, failedFile),
  resolve401: onApi('resolve401', firstResolve, { type: 'status', status: 401 }, survive),
  api406Always: onApi('api406Always', {}, { type: 'status', status: 406 }, unusable),
  api429: onApi('api429', firstSearch, { type: 'status', status: 429, retryAfter: 1 }, survive),
  api429Resolve: onApi(
    'api429Resolve',
    { endpoint: 'download', attempt: 1 },
    { type: 'status', status: 429, retryAfter: 1 },
    survive,
  ),
  api500: onApi('api500', firstSearch, { type: 'status', status: 500 }, survive),
  api500Resolve: onApi('api500Resolve', firstResolve, { type: 'status', status: 500 }, survive),
  api500ResolveAlways: onApi('api500ResolveAlways', { endpoint: 'download' }, { type: 'status', status: 500 }, failedFile),
  api500Always: onApi('api500Always', {}, { type: 'status', status: 500 }, unusable),
  api503RetryDate: onApi(
    'api503RetryDate',
    firstSearch,
    { type: 'status', status: 503, retryAfter: 1, retryAfterAs: 'date' },
    survive,
  ),
  apiReset: onApi('apiReset', { attempt: { every: 5 } }, { type: 'reset' }, survive),
  apiEndEarly: onApi('apiEndEarly', firstSearch, { type: 'endEarly', afterBytes: 200 }, survive),
  apiStall: onApi('apiStall', firstSearch, { type: 'stall' }, survive),
  apiDelay: onApi('apiDelay', {}, { type: 'delay', ms: 30 }, survive),
  apiHtmlAlways: onApi('apiHtmlAlways', {}, { type: 'page', kind: 'html' }, unusable),
  apiRedirectLoopAlways: onApi('apiRedirectLoopAlways', {}, { type: 'redirectLoop' }, unusable),
  resolveMalformedAlways: onApi('resolveMalformedAlways', { endpoint: 'download' }, { type: 'malformedJson' }, failedFile),
  resolveMisshapenAlways: onApi(
    'resolveMisshapenAlways',
    { endpoint: 'download' },
    { type: 'misshapen', missing: '_embedded' },
    failedFile,
  ),
  unknownFields: onApi('unknownFields', {}, { type: 'unknownFields' }, survive),
  driftAdd: onSearch('driftAdd', { type: 'pageDrift', change: 'add' }, survive, { page: 2, attempt: 1 }),
  /** A medium from page 1 of the listing vanishes before it is archived. This is not a failure. */
  driftTrash: onSearch('driftTrash', { type: 'pageDrift', change: 'trash' }, survive, { page: 2, attempt: 1 }),
  duplicates: onSearch('duplicates', { type: 'duplicates', count: 3 }, survive, { page: 2 }),
  emptyPage: onSearch('emptyPage', { type: 'emptyPage' }, survive, { page: 2, attempt: 1 }),
  emptyPageAlways: onSearch('emptyPageAlways', { type: 'emptyPage' }, unusable, { page: 2 }),
  /**
   * On a first run, when no media are known, a client believes an empty listing. On a later run an
   * empty listing is an error.
   */
  emptyListing: onSearch('emptyListing', { type: 'totalZero', withMedia: false }, unusable),
  totalZeroAlways: onSearch('totalZeroAlways', { type: 'totalZero', withMedia: true }, unusable),
  totalDrift: onSearch('totalDrift', { type: 'totalDrift', delta: 1 }, survive, { attempt: 1 }),
  totalDriftAlways: onSearch('totalDriftAlways', { type: 'totalDrift', delta: 1 }, unusable),
  missingEmbeddedAlways: onSearch('missingEmbeddedAlways', { type: 'misshapen', missing: '_embedded' }, unusable),
  missingPagesAlways: onSearch('missingPagesAlways', { type: 'misshapen', missing: '_pages' }, unusable),
  missingMediaAlways: onSearch('missingMediaAlways', { type: 'misshapen', missing: 'media' }, unusable),
  missingIdAlways: onSearch('missingIdAlways', { type: 'misshapen', missing: 'id' }, unusable),
  malformedJsonAlways: onSearch('malformedJsonAlways', { type: 'malformedJson' }, unusable),
} satisfies Record<string, Maker>;
