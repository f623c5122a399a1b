import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openCopyScene, type Asked } from '../../../test/support/copy-scene.ts';
import { pause } from '../../../test/support/raw-http.ts';
import { openTestArchive, openTestS3, useTestCredentials } from '../../../test/support/s3-archive.ts';
import type { S3LogEntry } from '../../../test/s3-server/serve.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { SyncError } from '../../errors.ts';

const partSizeBytes = 10;

/** The head of the reply to a request for a range of `content`. */
function headOf({ start, end }: Asked, content: string, more: Readonly<Record<string, string>> = {}): string {
  const length = (end ?? content.length - 1) - start + 1;
  const headers = {
    etag: '"a"',
    ...(end !== undefined && { 'content-range': `bytes ${start}-${end}/${content.length}` }),
    ...(more['transfer-encoding'] === undefined && { 'content-length': String(length) }),
    ...more,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${end === undefined ? '200 OK' : '206 Partial Content'}\r\n${lines.join('')}\r\n`;
}

const inChunks = { 'transfer-encoding': 'chunked' };

function chunkOf(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

describe('a file that is fetched in ranges', () => {
  test('a page is refused even if the stream broke before the page could be recognised', async () => {
    const page = '<html>';
    await using scene = await openCopyScene({
      sizeBytes: page.length,
      partSizeBytes,
      inRanges: true,
      answer: (asked) => {
        const { socket, start } = asked;
        socket.write(headOf(asked, page));
        if (start === 0) socket.end('<');
        else socket.write(page.slice(start));
      },
    });
    await expect(scene.fetch()).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
    expect(scene.copy.transfer.accounting.progress().active).toMatchObject([{ bytesDone: 0 }]);
  });

  test('a file is completed even if its stream breaks after each byte', async () => {
    const content = 'a photo of 34 bytes in four parts.';
    await using scene = await openCopyScene({
      sizeBytes: content.length,
      partSizeBytes,
      inRanges: true,
      answer: (asked) => {
        const { socket, start, end } = asked;
        socket.write(headOf(asked, content) + content.charAt(start));
        if (start !== end) socket.end();
      },
    });
    const parts = await scene.fetch();
    expect(parts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(scene.server.requests).toHaveLength(content.length);
    expect((await scene.tracker.upload(scene.copy.claim.id))?.parts).toHaveLength(4);
    expect(await scene.publish(parts)).toBe(content);
  });

  test('when a part fails, the other parts are ended and the error of the failed part is thrown', async () => {
    const content = 'x'.repeat(25);
    let hung: Socket | undefined;
    await using scene = await openCopyScene({
      sizeBytes: content.length,
      partSizeBytes,
      inRanges: true,
      answer: async (asked) => {
        const { socket, start } = asked;
        if (start === 0) socket.write(headOf(asked, content) + 'x'.repeat(10));
        else if (start === 20) hung = socket;
        else {
          await waitUntil('the request for the last part', () => hung !== undefined);
          socket.write(`${headOf(asked, content, inChunks)}${chunkOf('x'.repeat(11))}${chunkOf('')}`);
        }
      },
    });
    await expect(scene.fetch()).rejects.toMatchObject({ code: 'SIZE_UNPROVEN' });
    await waitUntil('the end of the last part', () => hung?.closed);
  });
});

/** Opens a copy of a file whose host sends these chunks one by one. */
async function openStream(chunks: readonly string[], sizeBytes: number | null) {
  return openCopyScene({
    sizeBytes,
    partSizeBytes,
    inRanges: false,
    extension: 'mp4',
    answer: async (asked) => {
      asked.socket.setNoDelay(true).write(headOf(asked, '', inChunks));
      for (const chunk of [...chunks, '']) {
        await pause(5);
        asked.socket.write(chunkOf(chunk));
      }
    },
  });
}

describe('a file that is fetched as one open-ended range', () => {
  describe.each([{ known: true }, { known: false }])('a file with a known size: $known', ({ known }) => {
    test.each([
      ['shorter than a part', ['abc']],
      ['of one part', ['0123456789']],
      ['of two parts', ['0123456789', 'abcdefghij']],
      ['of small chunks', ['01234', '56789', 'abcde', 'f']],
      ['in a chunk larger than several parts', ['x'.repeat(47)]],
      ['in chunks of several parts each', ['x'.repeat(25), 'y'.repeat(35), 'z']],
    ])('a file %s is divided into parts', async (_, chunks) => {
      const content = chunks.join('');
      await using scene = await openStream(chunks, known ? content.length : null);
      const parts = await scene.fetch();
      expect(parts.map(({ number }) => number)).toEqual(parts.map((_part, index) => index + 1));
      expect(parts.slice(0, -1).every((part) => part.sizeBytes === partSizeBytes)).toBe(true);
      expect(await scene.publish(parts)).toBe(content);
      expect(scene.server.requests.some((head) => /^range:/im.test(head))).toBe(false);
    });
  });

  test.each([
    ['TRUNCATED', ['01234'], 8],
    ['TRUNCATED', ['0123456789', '01'], 15],
    ['TRUNCATED', ['0123456789'], 15],
    ['SIZE_UNPROVEN', ['01234', '56'], 6],
    ['SIZE_UNPROVEN', ['x'.repeat(31)], 30],
    ['NOT_MEDIA', [], null],
    ['NOT_MEDIA', ['<html>'], null],
  ] as const)('`fetchParts` throws %s for the chunks %j of a file of %j bytes', async (code, chunks, sizeBytes) => {
    await using scene = await openStream(chunks, sizeBytes);
    await expect(scene.fetch()).rejects.toMatchObject({ code });
  });

  test('an incomplete part is not stored', async () => {
    await using scene = await openStream(['0123456789', '01'], 15);
    await expect(scene.fetch()).rejects.toThrow('3 bytes early');
    expect((await scene.tracker.upload(scene.copy.claim.id))?.parts).toMatchObject([{ number: 1, sizeBytes: 10 }]);
    expect(scene.copy.transfer.accounting.progress().active).toMatchObject([{ bytesDone: 0 }]);
  });
});

test.each([{ inRanges: true }, { inRanges: false }])('an empty file is refused, with ranges: $inRanges', async ({ inRanges }) => {
  await using scene = await openCopyScene({ sizeBytes: 0, partSizeBytes, inRanges, answer: sendNothing });
  await expect(scene.fetch()).rejects.toMatchObject({ code: 'NOT_MEDIA' });
});

function sendNothing(asked: Asked): void {
  asked.socket.write(headOf(asked, '', inChunks) + chunkOf(''));
}

describe('a file that goes to S3', () => {
  useTestCredentials();

  test.each([{ inRanges: true }, { inRanges: false }])(
    'a slow media host does not fail an upload to a store that closes silent connections, with ranges: $inRanges',
    async ({ inRanges }) => {
      await using archive = await openTestArchive();
      await using gate = await startGate(archive.store.endpoint, { maxSilenceMs: 50 });
      const content = 'x'.repeat(25);
      await using scene = await openCopyScene({
        destination: openTestS3(gate),
        sizeBytes: content.length,
        partSizeBytes,
        inRanges,
        answer: async (asked) => {
          await pause(200);
          const { start, end = content.length - 1 } = asked;
          asked.socket.write(headOf(asked, content) + content.slice(start, end + 1));
        },
      });
      expect(await scene.fetch()).toHaveLength(3);
      expect(scene.server.requests).toHaveLength(inRanges ? 3 : 1);
    },
  );

  test('if a file is abandoned while its first part is stored, no other part begins', async () => {
    await using archive = await openTestArchive();
    await using gate = await startGate(archive.store.endpoint);
    const destination = openTestS3(gate);
    const giveUp = new AbortController();
    await using scene = await openCopyScene({
      destination,
      sizeBytes: null,
      partSizeBytes,
      inRanges: false,
      signal: giveUp.signal,
      answer: (asked) => asked.socket.write(headOf(asked, '', inChunks) + chunkOf('x'.repeat(35))),
    });
    gate.shut();
    const fetched = scene.fetch();
    const partsStored = () => archive.store.requests.filter(isStoredPart).length;
    await waitUntil('the first part at the store', () => partsStored() > 0);
    giveUp.abort(new SyncError('INTERRUPTED', 'enough'));
    await expect(fetched).rejects.toMatchObject({ code: 'INTERRUPTED' });
    gate.open();
    await pause(100);
    await destination.close();
    expect(partsStored()).toBe(1);
    expect((await scene.tracker.upload(scene.copy.claim.id))?.parts).toEqual([]);
  });
});

/** The probe of a store also sends parts. They do not count. */
function isStoredPart({ operation, key }: S3LogEntry): boolean {
  return operation === 'UploadPart' && !key.endsWith('.cloud-sync/probe');
}

/**
 * A relay to a server. It closes a connection that is silent for `maxSilenceMs`. While it is shut,
 * it holds back the answers of the server.
 */
async function startGate(target: string, { maxSilenceMs = 0 } = {}) {
  const sockets: Socket[] = [];
  let waiting: (() => void)[] | undefined;
  const server = createServer((client) => {
    const onward = connect(Number(new URL(target).port), '127.0.0.1');
    sockets.push(client, onward);
    for (const socket of [client, onward]) socket.on('error', () => {});
    client.pipe(onward);
    client.setTimeout(maxSilenceMs, () => client.destroy());
    onward.on('data', (bytes) => (waiting ? waiting.push(() => client.write(bytes)) : client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut: () => {
      waiting = [];
    },
    open: () => {
      for (const pass of waiting ?? []) pass();
      waiting = undefined;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
