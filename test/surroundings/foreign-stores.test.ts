/**
 * S3 stores of other makers, as a filter in front of the store: they refuse headers in their own
 * words, show objects late, and spell their values in other ways.
 */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { openS3Place, type S3Place } from '../support/places.ts';
import { expectExit, openScene, type Scene, type SceneRun } from '../support/scene.ts';
import { createMediaMaker, partBytes, shapes } from '../support/simulated-media.ts';
import { startStoreFilter, type FilterAnswer, type FilteredRequest, type StoreFilterRules } from '../support/store-filter.ts';

interface FilteredOptions {
  readonly kinds?: readonly (keyof typeof shapes)[];
  readonly environment?: Readonly<Record<string, string>>;
}

const totalBytes = 60_000 + 1_500_000 + partBytes + 300_000;

async function openFiltered(
  name: string,
  rules: StoreFilterRules,
  { kinds = ['held', 'streamed', 'multipart'], environment = {} }: FilteredOptions = {},
) {
  const maker = createMediaMaker(name);
  const media = kinds.map((kind) => shapes[kind](maker));
  const library = createLibrary(media);
  const place = await openS3Place();
  const filter = await startStoreFilter(place.store.endpoint, rules);
  const scene = await openScene({
    library,
    place,
    inProcess: true,
    environment: { CLOUD_SYNC_S3_ENDPOINT: filter.endpoint, ...environment },
  });
  return {
    scene,
    filter,
    media,
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await filter[Symbol.asyncDispose]();
    },
  };
}

/** Expects that a run archived every file with one fetch, and that it left no upload behind. */
async function expectFilled(scene: Scene<S3Place>, run: SceneRun): Promise<void> {
  expectExit(run, 0);
  expect(run.finished.bytes).toEqual({ archived: totalBytes, fetched: totalBytes });
  await scene.expectComplete();
  expect(scene.place.store.uploads()).toEqual([]);
  expectExit(await scene.verify('--deep'), 0);
}

const answer = (status: number, code: string, message: string): FilterAnswer => ({ status, code, message });

/** Refuses each request with one of these headers. */
function without(headers: readonly string[], refusal: FilterAnswer): StoreFilterRules {
  return { answer: (request) => (headers.some((name) => request.headers[name] !== undefined) ? refusal : undefined) };
}

const checksumHeaders = ['x-amz-checksum-crc32', 'x-amz-checksum-algorithm', 'x-amz-checksum-type'];
const oddHeader = answer(400, 'InvalidArgument', 'Header not understood.');

function isWriteOf(name: string, { method, url }: FilteredRequest): boolean {
  const completes = method === 'POST' && url.includes('uploadId=');
  return url.includes(name) && (completes || (method === 'PUT' && !url.includes('uploadId=')));
}

/** An object is shown only a while after it was stored. */
function late(status: number, forMs: number): StoreFilterRules {
  const storedAtMs = new Map<string, number>();
  return {
    answer: (request) => {
      const path = request.url.split('?')[0] ?? '';
      if (isWriteOf('', request)) storedAtMs.set(path, storedAtMs.get(path) ?? performance.now());
      const isLate = request.method === 'HEAD' && performance.now() - (storedAtMs.get(path) ?? -Infinity) < forMs;
      return isLate ? answer(status, 'NoSuchKey', '') : undefined;
    },
  };
}

/** Hands out objects in the encoding of the request that stored them. */
function keepingEncoding(): StoreFilterRules {
  const encoded = new Map<string, boolean>();
  return {
    answer: (request) => {
      if (isWriteOf('', request)) encoded.set(request.url, request.headers['content-encoding'] !== undefined);
      return undefined;
    },
    headers: (headers, { method, url }) =>
      ['GET', 'HEAD'].includes(method) && encoded.get(url) ? { ...headers, 'content-encoding': 'aws-chunked' } : headers,
  };
}

/** A bucket with a default retention takes no object whose checksum is unknown to the store. */
function objectLock(accepted: readonly string[]): StoreFilterRules {
  const missing = answer(400, 'InvalidRequest', 'A checksum is required for requests with Object Lock parameters');
  return {
    answer: ({ method, headers }) =>
      method === 'PUT' && !accepted.some((name) => headers[name] !== undefined) ? missing : undefined,
  };
}

const stores: readonly [what: string, rules: StoreFilterRules][] = [
  ['a bucket with Object Lock', objectLock(['content-md5', 'x-amz-checksum-crc32', 'x-amz-trailer'])],
  ['no x-amz-checksum-mode', without(['x-amz-checksum-mode'], oddHeader)],
  ['no checksum headers', without(checksumHeaders, oddHeader)],
  ['no tags, with 403', without(['x-amz-tagging'], answer(403, 'AccessDenied', 'No.'))],
  ['no x-amz-mp-object-size', without(['x-amz-mp-object-size'], answer(400, 'InvalidRequest', 'Unknown header.'))],
  ['no trailers, with 403', without(['x-amz-trailer'], answer(403, 'SignatureDoesNotMatch', 'The signature differs.'))],
  ['no trailers, with 411', without(['x-amz-trailer'], answer(411, 'MissingContentLength', 'How long?'))],
  ['no Expect, with 417', without(['expect'], answer(417, 'ExpectationFailed', 'Unsuitable.'))],
  ['no conditions, with 400', without(['if-none-match', 'if-match'], answer(400, 'BadRequest', 'Unsuitable.'))],
  ['no conditions, with 403', without(['if-none-match', 'if-match'], answer(403, 'AccessDenied', 'Unsuitable.'))],
  [
    'nothing optional',
    without(
      [...checksumHeaders, 'x-amz-checksum-mode', 'x-amz-tagging', 'x-amz-mp-object-size', 'x-amz-trailer', 'if-none-match'],
      answer(501, 'NotImplemented', 'Not here.'),
    ),
  ],
  ['objects that HEAD denies with 404 for a second', late(404, 1_000)],
  ['objects that HEAD denies with 403 for a second', late(403, 1_000)],
  ['objects that stay in the encoding aws-chunked', keepingEncoding()],
  ['unquoted entity tags', { headers: unquoted, xml: (text) => text.replaceAll('&quot;', '') }],
];

function unquoted(headers: FilteredRequest['headers']): FilteredRequest['headers'] {
  return headers.etag === undefined ? headers : { ...headers, etag: headers.etag.replaceAll('"', '') };
}

describe('a store of another maker', () => {
  test.concurrent.each(stores)('a run fills an archive on a store with %s, and fetches each file once', async (what, rules) => {
    await using opened = await openFiltered(what, rules);
    const { scene, filter } = opened;
    const run = await scene.sync();
    await expectFilled(scene, run);
    if (what.includes('aws-chunked')) {
      for (const { key } of scene.place.store.objects()) {
        const reply = await fetch(`${filter.endpoint}/archive/${key}`, { method: 'HEAD' });
        expect(reply.headers.get('content-encoding'), key).toBeNull();
      }
    }
  });

  test('a run asks the store to accept the headers of a file only until the store took the first one', async () => {
    let questions = 0;
    const rules: StoreFilterRules = {
      answer: ({ headers }) => {
        if (headers.expect !== undefined) questions += 1;
        return undefined;
      },
    };
    await using opened = await openFiltered('questions', rules, { kinds: ['streamed', 'streamed', 'multipart'] });
    expectExit(await opened.scene.sync('--concurrency', '1'), 0);
    expect(questions).toBe(1);
  });

  test('a store that does not know the storage class gets the files without it, and the run warns once', async () => {
    const refusal = answer(400, 'InvalidStorageClass', 'No such class.');
    const rules = without(['x-amz-storage-class'], refusal);
    await using opened = await openFiltered('class', rules, { environment: { CLOUD_SYNC_S3_STORAGE_CLASS: 'GLACIER_IR' } });
    const { scene } = opened;
    const run = await scene.sync();
    await expectFilled(scene, run);
    expect(eventsOf(run, 'warning').filter(({ message }) => message.includes('GLACIER_IR'))).toHaveLength(1);
  });
});

describe('a store that refuses one file for good', () => {
  const refusals = [
    ['PUT', answer(400, 'InvalidArgument', 'Not this one.')],
    ['PUT', answer(411, 'MissingContentLength', 'How long?')],
    ['PUT', answer(501, 'NotImplemented', 'Not this one.')],
    ['PUT', answer(400, 'EntityTooLarge', 'Too large.')],
    ['PUT', { ...answer(400, 'KeyTooLongError', 'Too long.'), breaks: true }],
    ['POST', answer(400, 'InvalidArgument', 'Not this one.')],
    ['POST', answer(501, 'NotImplemented', 'Not this one.')],
  ] as const;

  test.concurrent.each(refusals)(
    'a refused %s with %o fails the file with the reason after one fetch',
    async (method, refusal) => {
      const kinds = method === 'PUT' ? (['held', 'streamed'] as const) : (['multipart'] as const);
      const rules: StoreFilterRules = {
        answer: (request) => (request.url.includes('/gopro-videos/') && request.method === method ? refusal : undefined),
      };
      await using opened = await openFiltered(`refused-${refusal.code}-${method}`, rules, { kinds });
      const run = await opened.scene.sync();
      expectExit(run, 1);
      const failures = eventsOf(run, 'file.failed');
      expect(failures).toHaveLength(kinds.length);
      const expected = refusal.code === 'EntityTooLarge' ? 'TOO_LARGE' : 'STORE_REFUSED';
      for (const { code, reason } of failures) expect([code, reason]).toEqual([expected, expect.stringContaining(refusal.code)]);
      const offeredBytes = method === 'PUT' ? 60_000 + 1_500_000 : partBytes + 300_000;
      expect(run.finished.bytes.fetched).toBeLessThanOrEqual(offeredBytes);
    },
  );
});

describe('a store that denies one file with 403', () => {
  test.concurrent.each([
    ['PUT', 'held'],
    ['PUT', 'streamed'],
    ['PUT', 'multipart'],
    ['POST', 'multipart'],
    ['HEAD', 'multipart'],
  ] as const)('a refused %s fails that file, and the other files are archived (%s)', async (method, kind) => {
    const denied: { id: string } = { id: 'none' };
    const rules: StoreFilterRules = {
      answer: (request) =>
        request.url.includes(denied.id) && request.method === method ? answer(403, 'AccessDenied', 'No.') : undefined,
    };
    await using opened = await openFiltered(`denied-${method}-${kind}`, rules, { kinds: [kind, 'held', 'held'] });
    denied.id = opened.media[0]?.id ?? '';
    const run = await opened.scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.failed').map(({ code }) => code)).toEqual(['STORE_REFUSED']);
    expect(run.finished.files).toMatchObject({ archived: 2, failed: 1, pending: 0 });
  });

  test('a run ends with exit code 6 if the store denies every file', async () => {
    const rules: StoreFilterRules = {
      answer: ({ method, url }) =>
        url.includes('/gopro-videos/') && method === 'PUT' ? answer(403, 'AccessDenied', 'No.') : undefined,
    };
    await using opened = await openFiltered('denied-all', rules, { kinds: Array.from({ length: 15 }, () => 'held' as const) });
    expectExit(await opened.scene.sync('--concurrency', '1'), 6);
  });
});

describe('a store that loses the reply to an upload, and then shows the object late', () => {
  const cases = [
    ['held', 403],
    ['multipart', 404],
    ['multipart', 403],
  ] as const;

  test.concurrent.each(cases)('a run finds the file without another fetch (%s, %i)', async (kind, status) => {
    await using opened = await openFiltered(`lost-${kind}-${status}`, late(status, 1_500), { kinds: [kind] });
    const { scene } = opened;
    const operation = kind === 'held' ? 'PutObject' : 'CompleteMultipartUpload';
    const match = { operation, keyPart: '/gopro-videos/', attempt: 1 } as const;
    scene.place.store.faults.push({ match, action: { kind: 'replyLost' } });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished.bytes.fetched).toBe(run.finished.bytes.archived);
    await scene.expectComplete();
  });
});

test('a resumed upload keeps its parts although the list of parts spells entity tags without quotes', async () => {
  await using opened = await openFiltered('resume', { xml: (text) => text.replaceAll('&quot;', '') });
  const { scene } = opened;
  const { faults } = scene.place.store;
  const match = { operation: 'UploadPart', keyPart: '/gopro-videos/', partNumber: 2 } as const;
  faults.push({ match, action: { kind: 'error', code: 'InvalidArgument' } });
  // One part at a time, so that the first part is stored before the store refuses the second one.
  expectExit(await scene.sync('--concurrency', '1'), 1);
  faults.length = 0;
  const run = await scene.sync();
  expectExit(run, 0);
  expect(run.finished.bytes.fetched).toBe(300_000);
  await scene.expectComplete();
});
