/**
 * Faults as data: which requests they apply to, and what they do. A list of faults comes from a
 * test, from names in the catalogue, or from a JSON file.
 */
import { z } from 'zod';
import { isSelected } from '../library/changes.ts';
import type { SimFile } from '../library/medium.ts';
import type { Endpoint, SimHost } from '../../request-log.ts';

const count = z.int().min(0);
const positive = z.int().min(1);

const endpoints = [
  'search',
  'medium',
  'download',
  'user',
  'notReady',
  'moments',
  'file',
  'other',
] as const satisfies readonly Endpoint[];

/** A fault applies to a request if all given fields match the request. */
const matchSchema = z.strictObject({
  host: z.enum(['api', 'cdn']).optional(),
  endpoint: z.enum(endpoints).optional(),
  method: z.string().optional(),
  mediaId: z.string().optional(),
  /** The key, label and item number of the requested file on the CDN. */
  key: z.string().optional(),
  label: z.string().optional(),
  itemNumber: z.int().nullable().optional(),
  /** The number of a page of the listing. */
  page: positive.optional(),
  /** The requested range starts at this byte or later. A request without a range starts at 0. */
  rangeStartAtLeast: count.optional(),
  /** Which of the matching requests get the fault, counted from 1. Default: `every`. */
  attempt: z
    .union([
      positive,
      z.literal('every'),
      z.strictObject({ from: positive.optional(), to: positive.optional() }),
      z.strictObject({ every: positive }),
    ])
    .optional(),
  /**
   * What `attempt` counts: all matching requests together (the default), or the requests for each
   * medium or file separately.
   */
  countPer: z.enum(['all', 'medium', 'file']).optional(),
});

/** Faults that can apply to any reply of both hosts. */
const wireActions = [
  /**
   * Resets the connection after `afterBytes` bytes of the body, or before the head if `afterBytes`
   * is absent.
   */
  z.strictObject({ type: z.literal('reset'), afterBytes: count.optional() }),
  /** States the full length, but ends the connection normally after `afterBytes` bytes. */
  z.strictObject({ type: z.literal('endEarly'), afterBytes: count }),
  /**
   * Sends nothing more after `afterBytes` bytes of the body, or nothing at all without
   * `afterBytes`. With `forMs` the silence ends. After a silence before the head the reply follows.
   * After a silence in the body the connection is closed.
   */
  z.strictObject({ type: z.literal('stall'), afterBytes: count.optional(), forMs: positive.optional() }),
  z.strictObject({ type: z.literal('drip'), bytes: positive, everyMs: positive }),
  z.strictObject({ type: z.literal('delay'), ms: positive }),
  z.strictObject({
    type: z.literal('status'),
    status: z.int().min(400).max(599),
    /**
     * The seconds in the header Retry-After. With `retryAfterAs: 'date'` the header has an HTTP
     * date.
     */
    retryAfter: count.optional(),
    retryAfterAs: z.enum(['seconds', 'date']).optional(),
    body: z.string().optional(),
  }),
  /**
   * Status 200 with a page instead of the file or JSON. `disguise: length` gives the page the
   * length of the true body. `disguise: media` also gives it the true status, Content-Range and
   * content type, so that only the body shows the fault.
   */
  z.strictObject({ type: z.literal('page'), kind: z.enum(['html', 'json']), disguise: z.enum(['length', 'media']).optional() }),
  /** Status 302 to the same URL under the name `localhost`, where the request succeeds. */
  z.strictObject({ type: z.literal('redirect') }),
  /** Status 302 to exactly the same URL. */
  z.strictObject({ type: z.literal('redirectLoop') }),
  /** Sets a header of the reply to this value. */
  z.strictObject({ type: z.literal('header'), name: z.string(), value: z.string() }),
  /** `Content-Encoding: gzip`, even if the client does not accept it. */
  z.strictObject({ type: z.literal('gzip') }),
] as const;

/** Faults for files on the CDN. */
const fileActions = [
  /**
   * Serves a file that is `missingBytes` shorter than HEAD states. The headers of the reply fit the
   * shorter file.
   */
  z.strictObject({ type: z.literal('short'), missingBytes: positive }),
  /** Status 200 with the whole file, although the request has a range. */
  z.strictObject({ type: z.literal('ignoreRange') }),
  /** Status 206 with the right body. Content-Range names the wrong bytes or the wrong total. */
  z.strictObject({ type: z.literal('wrongContentRange'), shiftBytes: z.int().optional(), totalDelta: z.int().optional() }),
  /** No Content-Length and no ranges. GET is chunked, and HEAD states no length. */
  z.strictObject({ type: z.literal('missingLength') }),
  /** HEAD states a larger size than the file has. */
  z.strictObject({ type: z.literal('headLies'), extraBytes: positive }),
  /** Status 403, as for a URL that has expired. */
  z.strictObject({ type: z.literal('expireUrl') }),
  /**
   * From this request on the file has other bytes and another ETag. With `sizeBytes` it also has
   * another size.
   */
  z.strictObject({ type: z.literal('etagChange'), sizeBytes: positive.optional() }),
  /**
   * One wrong bit in the byte at this offset of the file. Default: the middle of the requested
   * range.
   */
  z.strictObject({ type: z.literal('corrupt'), at: count.optional() }),
] as const;

/** Faults of JSON replies. All but the last three apply only to the listing. */
const jsonActions = [
  /**
   * Just before this page is made, a medium is added at the top of the listing, or the first medium
   * is moved to the trash. All other media move by one position.
   */
  z.strictObject({ type: z.literal('pageDrift'), change: z.enum(['add', 'trash']) }),
  /** The last media of the previous page appear again at the top of this page. */
  z.strictObject({ type: z.literal('duplicates'), count: positive }),
  z.strictObject({ type: z.literal('emptyPage') }),
  /** The totals are 0. With `withMedia: false` the page is also empty. */
  z.strictObject({ type: z.literal('totalZero'), withMedia: z.boolean() }),
  /** `total_items` is wrong by `delta`. */
  z.strictObject({ type: z.literal('totalDrift'), delta: z.int() }),
  z.strictObject({ type: z.literal('misshapen'), missing: z.enum(['_embedded', '_pages', 'media', 'id']) }),
  z.strictObject({ type: z.literal('malformedJson') }),
  /** Every object has additional fields that no client knows. */
  z.strictObject({ type: z.literal('unknownFields') }),
] as const;

const faultSchema = z.strictObject({
  id: z.string().optional(),
  match: matchSchema.default({}),
  action: z.discriminatedUnion('type', [...wireActions, ...fileActions, ...jsonActions]),
  /**
   * What a correct client does. `survive`: the archive is complete after the same run. `report`:
   * the run ends with `exitCode`, and with `files: 'failed'` the affected files are listed as
   * failed. `cannot-tell`: a client cannot see the fault in the reply.
   */
  expect: z
    .discriminatedUnion('outcome', [
      z.strictObject({ outcome: z.literal('survive') }),
      z.strictObject({ outcome: z.literal('report'), exitCode: z.int(), files: z.literal('failed').optional() }),
      z.strictObject({ outcome: z.literal('cannot-tell') }),
    ])
    .optional(),
});

export type Fault = z.input<typeof faultSchema>;
export type FaultMatch = z.input<typeof matchSchema>;
export type FaultAction = Fault['action'];
export type FaultExpectation = NonNullable<Fault['expect']>;

/**
 * Selects the files that a fault applies to. Default: all files. Only faults of files use `key`,
 * `label` and `itemNumber`.
 */
export type FaultTarget = Pick<FaultMatch, 'mediaId' | 'key' | 'label' | 'itemNumber'>;

/** Checks faults from parsed JSON. Throws a TypeError that names the mistake and its place. */
export function parseFaults(value: unknown): Fault[] {
  const parsed = z.array(faultSchema).safeParse(value);
  if (!parsed.success) throw new TypeError(`These faults are not valid:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The properties of a request that a fault can match. */
export interface StruckRequest {
  readonly host: SimHost;
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly mediaId: string | undefined;
  readonly file: SimFile | undefined;
  readonly page: number | undefined;
  readonly rangeStart: number;
}

export interface FaultSwitch {
  /**
   * Replaces all faults, and counts attempts from 1 again. Throws TypeError for an invalid fault.
   */
  set(faults: readonly Fault[]): void;
  clear(): void;
  readonly active: readonly Fault[];
  /**
   * Returns how often each fault was applied, by its id. A fault without an id is counted under the
   * type of its action.
   */
  hits(): Readonly<Record<string, number>>;
  /**
   * Returns the faults that apply to this request. The request counts as an attempt for every fault
   * that it matches.
   */
  strike(request: StruckRequest): Fault[];
}

/** Holds the active faults. `initial` is the first list of faults. */
export function createFaultSwitch(initial: readonly Fault[] = []): FaultSwitch {
  let active: readonly Fault[] = [];
  const attempts = new Map<Fault, Map<string, number>>();
  const hits: Record<string, number> = {};

  function set(faults: readonly Fault[]): void {
    active = parseFaults(faults);
    attempts.clear();
  }

  function attemptOf(fault: Fault, request: StruckRequest): number {
    const counts = attempts.get(fault) ?? new Map<string, number>();
    attempts.set(fault, counts);
    const unit = countedUnit(fault.match?.countPer, request);
    const attempt = (counts.get(unit) ?? 0) + 1;
    counts.set(unit, attempt);
    return attempt;
  }

  set(initial);
  return {
    set,
    clear: () => set([]),
    get active() {
      return active;
    },
    hits: () => ({ ...hits }),
    strike(request) {
      const striking = active.filter((fault) => isStruck(fault.match ?? {}, request) && isDue(fault, attemptOf(fault, request)));
      for (const fault of striking) hits[faultName(fault)] = (hits[faultName(fault)] ?? 0) + 1;
      return striking;
    },
  };
}

/** Returns the name of a fault for the request log and for the hits. */
export function faultName(fault: Fault): string {
  return fault.id ?? fault.action.type;
}

function countedUnit(countPer: FaultMatch['countPer'], request: StruckRequest): string {
  if (countPer === 'medium') return request.mediaId ?? '';
  if (countPer === 'file') return `${request.mediaId ?? ''} ${request.file?.key ?? ''}`;
  return '';
}

function isStruck(match: FaultMatch, request: StruckRequest): boolean {
  const { key, label, itemNumber } = match;
  const ofFile = key !== undefined || label !== undefined || itemNumber !== undefined;
  return (
    (match.host === undefined || match.host === request.host) &&
    (match.endpoint === undefined || match.endpoint === request.endpoint) &&
    (match.method === undefined || match.method === request.method) &&
    (match.mediaId === undefined || match.mediaId === request.mediaId) &&
    (match.page === undefined || match.page === request.page) &&
    (match.rangeStartAtLeast === undefined || request.rangeStart >= match.rangeStartAtLeast) &&
    (!ofFile || (request.file !== undefined && isSelected(request.file, fileSelector(match))))
  );
}

function fileSelector({ key, label, itemNumber }: FaultMatch) {
  return {
    ...(key === undefined ? {} : { key }),
    ...(label === undefined ? {} : { label }),
    ...(itemNumber === undefined ? {} : { itemNumber }),
  };
}

function isDue(fault: Fault, attempt: number): boolean {
  const due = fault.match?.attempt ?? 'every';
  if (due === 'every') return true;
  if (typeof due === 'number') return attempt === due;
  if ('every' in due) return attempt % due.every === 0;
  return attempt >= (due.from ?? 1) && attempt <= (due.to ?? Number.POSITIVE_INFINITY);
}
