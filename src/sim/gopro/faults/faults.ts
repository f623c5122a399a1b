/**
 * Faults as data: which requests are struck, and what happens to them. A list of faults can be written in a test, taken from the
 * catalogue by name or read from a JSON file.
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

/** A request is struck when everything stated here applies to it. */
const matchSchema = z.strictObject({
  host: z.enum(['api', 'cdn']).optional(),
  endpoint: z.enum(endpoints).optional(),
  method: z.string().optional(),
  mediaId: z.string().optional(),
  /** Key, label and item number of the file that is asked for on the CDN. */
  key: z.string().optional(),
  label: z.string().optional(),
  itemNumber: z.int().nullable().optional(),
  /** Page of the listing. */
  page: positive.optional(),
  /** The Range starts at this byte or later; requests without a Range start at 0. */
  rangeStartAtLeast: count.optional(),
  /** Which of the matching requests, counted from 1. Default `every`. */
  attempt: z
    .union([
      positive,
      z.literal('every'),
      z.strictObject({ from: positive.optional(), to: positive.optional() }),
      z.strictObject({ every: positive }),
    ])
    .optional(),
  /** What `attempt` counts: all matching requests together (the default), or those for each medium or each file on their own. */
  countPer: z.enum(['all', 'medium', 'file']).optional(),
});

/** What can happen to any reply of either host. */
const wireActions = [
  /** The connection is reset after so many bytes of the body; before the head when `afterBytes` is absent. */
  z.strictObject({ type: z.literal('reset'), afterBytes: count.optional() }),
  /** The full length is declared, but the connection ends in good order after so many bytes. */
  z.strictObject({ type: z.literal('endEarly'), afterBytes: count }),
  /** Silence after so many bytes, or before the head; for ever, or for a while and then the end (before the head: the reply). */
  z.strictObject({ type: z.literal('stall'), afterBytes: count.optional(), forMs: positive.optional() }),
  z.strictObject({ type: z.literal('drip'), bytes: positive, everyMs: positive }),
  z.strictObject({ type: z.literal('delay'), ms: positive }),
  z.strictObject({
    type: z.literal('status'),
    status: z.int().min(400).max(599),
    /** Seconds; with `retryAfterAs: 'date'` sent as an HTTP date. */
    retryAfter: count.optional(),
    retryAfterAs: z.enum(['seconds', 'date']).optional(),
    body: z.string().optional(),
  }),
  /**
   * Status 200 with a page instead of what was asked for. `disguise`: `length` gives it the length that the true body would have,
   * `media` also its status, its Content-Range and its content type, so that only the first bytes tell.
   */
  z.strictObject({ type: z.literal('page'), kind: z.enum(['html', 'json']), disguise: z.enum(['length', 'media']).optional() }),
  /** Status 302 to the same URL under the name `localhost`, which answers as usual. */
  z.strictObject({ type: z.literal('redirect') }),
  /** Status 302 to the very same URL. */
  z.strictObject({ type: z.literal('redirectLoop') }),
  /** `Content-Encoding: gzip`, whatever the client accepts. */
  z.strictObject({ type: z.literal('gzip') }),
] as const;

/** What can happen to a file on the CDN. */
const fileActions = [
  /** A reply that is consistent in itself, for a file that seems to be so much shorter than HEAD said. */
  z.strictObject({ type: z.literal('short'), missingBytes: positive }),
  /** Status 200 with the whole file although a range was asked for. */
  z.strictObject({ type: z.literal('ignoreRange') }),
  /** Status 206 whose Content-Range names other bytes or another total than it should; the body is the one that was asked for. */
  z.strictObject({ type: z.literal('wrongContentRange'), shiftBytes: z.int().optional(), totalDelta: z.int().optional() }),
  /** No Content-Length and no ranges: GET is chunked, HEAD says nothing. */
  z.strictObject({ type: z.literal('missingLength') }),
  /** HEAD states a larger size than the file has. */
  z.strictObject({ type: z.literal('headLies'), extraBytes: positive }),
  /** Status 403, as for a URL whose time is over. */
  z.strictObject({ type: z.literal('expireUrl') }),
  /** From this request on the file has other bytes and another ETag, and another size if one is given. */
  z.strictObject({ type: z.literal('etagChange'), sizeBytes: positive.optional() }),
  /** One bit of the byte at this offset of the file is wrong; default: the middle of what is asked for. */
  z.strictObject({ type: z.literal('corrupt'), at: count.optional() }),
] as const;

/** What can happen to JSON. All but the last three concern the listing only. */
const jsonActions = [
  /** Just before this page is made, a medium appears at the top or the topmost one goes to the trash, so that all others move. */
  z.strictObject({ type: z.literal('pageDrift'), change: z.enum(['add', 'trash']) }),
  /** The last media of the page before come again at the top of this one. */
  z.strictObject({ type: z.literal('duplicates'), count: positive }),
  z.strictObject({ type: z.literal('emptyPage') }),
  /** The totals say 0; `withMedia: false` empties the page too. */
  z.strictObject({ type: z.literal('totalZero'), withMedia: z.boolean() }),
  /** `total_items` is off by so many. */
  z.strictObject({ type: z.literal('totalDrift'), delta: z.int() }),
  z.strictObject({ type: z.literal('misshapen'), missing: z.enum(['_embedded', '_pages', 'media', 'id']) }),
  z.strictObject({ type: z.literal('malformedJson') }),
  /** Fields that no client has heard of, on every object. */
  z.strictObject({ type: z.literal('unknownFields') }),
] as const;

const faultSchema = z.strictObject({
  id: z.string().optional(),
  match: matchSchema.default({}),
  action: z.discriminatedUnion('type', [...wireActions, ...fileActions, ...jsonActions]),
  /**
   * What a correct client makes of it. `survive`: the archive is complete after the same run. `report`: the run ends with the
   * exit code; with `files: 'failed'` the files concerned are listed as failed. `cannot-tell`: nothing in the reply gives it away.
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

/** What a fault is to strike; everything by default. Only faults of files regard `key`, `label` and `itemNumber`. */
export type FaultTarget = Pick<FaultMatch, 'mediaId' | 'key' | 'label' | 'itemNumber'>;

/** Faults from parsed JSON. Throws TypeError that names what is wrong and where. */
export function parseFaults(value: unknown): Fault[] {
  const parsed = z.array(faultSchema).safeParse(value);
  if (!parsed.success) throw new TypeError(`These faults cannot be read:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** What a fault can ask of a request. */
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
  /** Replaces all faults and starts counting attempts anew. Throws TypeError on a fault that is no fault. */
  set(faults: readonly Fault[]): void;
  clear(): void;
  readonly active: readonly Fault[];
  /** How often each fault struck, by id (without one: by the type of its action). */
  hits(): Readonly<Record<string, number>>;
  /** The faults that strike this request; counts it as an attempt of every fault that it matches. */
  strike(request: StruckRequest): Fault[];
}

/** A switch board for faults, at first with the given ones. */
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

/** The name of a fault in the request log and among the hits. */
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
