/**
 * Faults as data: which requests they apply to, and what they do. A list of faults comes from a
 * test, from names in the catalogue, or from a JSON file.
 */
import { z } from 'zod';
import { actionSchema } from './actions.ts';
import { byteOfFile, offsetOf, type ByteOfFile } from './byte-of-file.ts';
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
  /** The requested range has this byte of the file. */
  byte: byteOfFile.optional(),
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
   * medium, file or part of a file separately. Requests for ranges of a file that end at the same
   * byte are for the same part, so a part and its remainder count together.
   */
  countPer: z.enum(['all', 'medium', 'file', 'part']).optional(),
});

const faultSchema = z.strictObject({
  id: z.string().optional(),
  match: matchSchema.default({}),
  action: actionSchema,
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
  /** The end is exclusive. */
  readonly range: { readonly start: number; readonly end: number };
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
  const file = `${request.mediaId ?? ''} ${request.file?.key ?? ''}`;
  if (countPer === 'file') return file;
  return countPer === 'part' ? `${file} ${request.range.end}` : '';
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
    (match.rangeStartAtLeast === undefined || request.range.start >= match.rangeStartAtLeast) &&
    (match.byte === undefined || includes(request, match.byte)) &&
    (!ofFile || (request.file !== undefined && isSelected(request.file, fileSelector(match))))
  );
}

function includes({ file, range }: StruckRequest, byte: ByteOfFile): boolean {
  const offset = file && offsetOf(byte, file);
  return offset !== undefined && range.start <= offset && offset < range.end;
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
