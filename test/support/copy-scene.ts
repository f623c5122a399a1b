/** Copies one original from a raw HTTP server to a real destination, in parts of a few bytes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { Destination, Part } from '../../src/destination/destination.ts';
import { openDisk } from '../../src/destination/disk/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { crc32OfParts } from '../../src/lib/crc32.ts';
import { createHttpClient } from '../../src/lib/http/index.ts';
import { createGoproSource } from '../../src/source/gopro/index.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import type { Copy, Upload } from '../../src/transfer/context.ts';
import { describeFile, mediumSet } from '../../src/transfer/describe.ts';
import { createMediumUrls } from '../../src/transfer/media-host/medium-urls.ts';
import { createAttemptBudget } from '../../src/transfer/original/attempt-budget.ts';
import { fetchParts } from '../../src/transfer/original/fetch-parts.ts';
import { firstLessons } from '../../src/transfer/original/lessons.ts';
import { unlimited } from '../../src/transfer/slice.ts';
import { openTransfer } from '../../src/transfer/transfer.ts';
import { claimed, resolve, usual } from '../conformance/tracker/fixtures.ts';
import { original } from './builders.ts';
import { startRawServer, type RawServer } from './raw-http.ts';
import { hastyClock, token } from './scripted-gopro-api.ts';
import { makeTempDir } from './temp-dir.ts';

/** A request to the media host. */
export interface Asked {
  readonly socket: Socket;
  /** The first byte of the range. 0 if the request has no range. */
  readonly start: number;
  /** The last byte of the range. Undefined if the request does not name it. */
  readonly end: number | undefined;
}

export interface CopySceneOptions {
  readonly answer: (asked: Asked) => unknown;
  /** The size that the media host reports. null if the host does not report a size. */
  readonly sizeBytes: number | null;
  readonly partSizeBytes: number;
  /** If true, the file is fetched in parts. If false, it is fetched as one open-ended range. */
  readonly inRanges: boolean;
  readonly extension?: string;
  /** The destination of the copy. Default: a new directory. */
  readonly destination?: Destination;
  readonly signal?: AbortSignal;
}

export interface CopyScene extends AsyncDisposable {
  readonly server: RawServer;
  readonly tracker: Tracker;
  readonly copy: Copy;
  readonly upload: Upload;
  fetch(): Promise<Part[]>;
  /** Publishes the file and returns its content. Works only if the destination is a directory. */
  publish(parts: readonly Part[]): Promise<string>;
}

export async function openCopyScene(options: CopySceneOptions): Promise<CopyScene> {
  const { answer, sizeBytes, partSizeBytes, inRanges } = options;
  const temp = await makeTempDir();
  const directory = join(temp.path, 'archive');
  const destination = options.destination ?? openDisk(directory, { clock: systemClock });
  if (!options.destination) await destination.initialise('archive-1');
  const tracker = await openSqliteTracker({ path: join(temp.path, 'tracker.db'), archiveId: 'archive-1', clock: systemClock });
  const server = await startRawServer((socket, request) => answer({ socket, ...rangeOf(server.requests[request - 1]!) }));
  const http = createHttpClient({ connections: 4 });
  const copy = await claimCopy(options, { destination, tracker, http, server });
  const validator = { etag: '"a"', lastModified: null };
  const file = describeFile(copy.row.original, copy.set, validator);
  const opened = await destination.open(file, { partSizeBytes, sizeBytes, validator });
  if (opened.kind !== 'upload') throw new Error('the archive has the file already');
  if (opened.resumable) await tracker.saveUpload(copy.claim, opened.state);
  const upload: Upload = { ...opened, file, inRanges, proving: { claim: null, mismatch: null } };
  copy.transfer.accounting.startFile(file.original.key, sizeBytes, 0);
  return {
    server,
    tracker,
    copy,
    upload,
    fetch: async () => fetchParts(copy, upload),
    publish: async (parts) => {
      const whole = { sizeBytes: parts.reduce((bytes, part) => bytes + part.sizeBytes, 0), crc32: crc32OfParts(parts) };
      const { key } = await destination.commit(file, upload.state, parts, whole);
      return readFile(join(directory, key), 'latin1');
    },
    [Symbol.asyncDispose]: async () => {
      await http.close();
      await server[Symbol.asyncDispose]();
      await tracker.close();
      if (!options.destination) await destination.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

function rangeOf(head: string): Pick<Asked, 'start' | 'end'> {
  const range = /^range: bytes=(\d+)-(\d+)$/im.exec(head);
  return { start: Number(range?.[1] ?? 0), end: range ? Number(range[2]) : undefined };
}

async function claimCopy(
  { extension = 'jpg', signal = new AbortController().signal }: CopySceneOptions,
  { destination, tracker, http, server }: Pick<Copy['transfer'], 'destination' | 'tracker' | 'http'> & { server: RawServer },
): Promise<Copy> {
  const clock = hastyClock();
  const stallMs = 5_000;
  const file = original('medium-1');
  const rows = await resolve(tracker, 'medium-1', [file]);
  const claim = await claimed(tracker, file);
  const { medium } = (await tracker.medium('medium-1'))!;
  // The API receives no request, because the addresses stay valid.
  const source = createGoproSource({ apiUrl: server.url.origin, credentials: { accessToken: token }, stallMs, http, clock });
  const transfer = openTransfer(
    { items: [], sizeHintBytes: 0 },
    { source, destination, tracker, http, digests: undefined, clock, report: () => {} },
    {
      owner: 'worker',
      leaseMs: 60_000,
      runStartedAt: new Date(clock.now()).toISOString(),
      roles: usual,
      concurrency: 3,
      bandwidth: [],
      quarantineAfter: 10,
      stallMs,
      plainHttp: true,
      recovered: [],
      slice: unlimited,
      signal,
    },
    new AbortController(),
  );
  const offered = { ...file, extension, url: server.url.href, headUrl: null };
  const resolution = { originals: [offered], unavailable: 0, outOfScope: false };
  return {
    transfer,
    row: rows[0]!,
    claim,
    set: mediumSet(medium, usual, rows, 0),
    urls: createMediumUrls(resolution, async () => source.resolve('medium-1', usual), clock),
    offerId: rows[0]!.id,
    order: 1,
    budget: createAttemptBudget(clock),
    lessons: firstLessons(rows[0]!),
    signal: transfer.signal,
  };
}
