/** Both clients against servers that speak byte by byte what a test wants: the same reply must come out, or the same kind of failure. */
import type { Socket } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../test/support/certificate.ts';
import { openClient, pause, startRawServer, trickle } from '../../../test/support/raw-http.ts';
import { createHttpClient, HttpTimeout } from './index.ts';
import { slabBytes } from './slabs.ts';

const big = Buffer.alloc(3 * slabBytes + 12_345, 'the bytes of a film ');
const ok = (length: number, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;

/** Replies that are whole. `requests`: how many the raw client needs, where it leaves the reply to undici. */
const whole: readonly {
  readonly name: string;
  readonly answer: (socket: Socket) => unknown;
  readonly status?: number;
  readonly body?: Buffer | string;
  readonly requests?: number;
}[] = [
  { name: 'a small body in one piece', answer: (socket) => socket.write(`${ok(5)}hello`), body: 'hello' },
  { name: 'an empty body', answer: (socket) => socket.write(ok(0)), body: '' },
  {
    name: 'a body of several slabs',
    answer: (socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])),
    body: big,
  },
  {
    name: 'a body that fills its slabs exactly',
    answer: (socket) => socket.write(Buffer.concat([Buffer.from(ok(2 * slabBytes)), big.subarray(0, 2 * slabBytes)])),
    body: big.subarray(0, 2 * slabBytes),
  },
  { name: 'a head byte by byte', answer: async (socket) => trickle(socket, `${ok(5, 'ETag: "a"\r\n')}hello`, 1), body: 'hello' },
  {
    name: 'a body in pieces, slowly',
    answer: async (socket) => trickle(socket, `${ok(20)}${'x'.repeat(20)}`, 8, 30),
    body: 'x'.repeat(20),
  },
  {
    name: 'a partial reply',
    answer: (socket) =>
      socket.write('HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4/9\r\ncontent-length: 5\r\n\r\nhello'),
    status: 206,
    body: 'hello',
  },
  {
    name: 'an announcement before the reply',
    answer: (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok(5)}hello`),
    body: 'hello',
  },
  { name: 'no content', answer: (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'), status: 204, body: '' },
  {
    name: 'a connection that closes after the reply',
    answer: (socket) => socket.end(`${ok(5, 'Connection: close\r\n')}hello`),
    body: 'hello',
  },
  {
    name: 'a redirect',
    answer: (socket) => socket.write('HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n'),
    status: 302,
    body: '',
  },
  {
    name: 'a refusal with a page',
    answer: (socket) => socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 3\r\n\r\nno!'),
    status: 403,
    body: 'no!',
  },
  {
    name: 'a chunked body',
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'),
    body: 'hello',
    requests: 2,
  },
  {
    name: 'a body that ends with the connection',
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'),
    body: 'hello',
    requests: 2,
  },
  {
    name: 'an encoded body, as it came',
    answer: (socket) => socket.write(ok(5, 'Content-Encoding: gzip\r\n') + 'hello'),
    body: 'hello',
    requests: 2,
  },
];

/** As far as TLS lets: there a connection is closed without a word. */
const reset = (socket: Socket) => ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy());

/** Replies that are none, or break off. `body`: what of it counts. */
const broken: readonly {
  readonly name: string;
  readonly answer: (socket: Socket) => unknown;
  readonly body?: string;
  readonly timeout?: boolean;
}[] = [
  { name: 'cut after some bytes', answer: (socket) => socket.end(`${ok(9)}hello`), body: 'hello' },
  { name: 'silent after some bytes', answer: (socket) => socket.write(`${ok(9)}hello`), body: 'hello', timeout: true },
  { name: 'silent from the start', answer: () => {}, timeout: true },
  { name: 'silent within the head', answer: (socket) => socket.write('HTTP/1.1 200 OK\r\n'), timeout: true },
  { name: 'closed before a byte', answer: (socket) => socket.end() },
  { name: 'reset before a byte', answer: reset },
  { name: 'closed within the head', answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-') },
  { name: 'a head beyond all measure', answer: (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`) },
  { name: 'no HTTP at all', answer: (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n\r\n') },
  {
    name: 'two lengths',
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello'),
  },
  {
    name: 'a length and a transfer coding',
    answer: (socket) => socket.write(ok(5, 'Transfer-Encoding: nonsense, chunked, x\r\n') + 'hello'),
  },
];

const certificate = makeCertificate();
setDefaultCACertificates([certificate.cert]);

describe.each([
  { client: 'undici client', bulk: false },
  { client: 'raw client', bulk: true },
  { client: 'undici client over TLS', bulk: false, certificate },
  { client: 'raw client over TLS', bulk: true, certificate },
])('the $client', ({ bulk, certificate: tls }) => {
  test.each(whole)('takes $name', async ({ answer, status = 200, body = '', requests = 1 }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const seen = await client.fetch(server.url, { stallMs: 10_000 });
    expect(seen.error).toBeUndefined();
    expect(seen.status).toBe(status);
    expect(seen.body.equals(Buffer.from(body))).toBe(true);
    expect(server.requests).toHaveLength(bulk ? requests : 1);
  });

  test.each(broken)('fails on a reply that is $name', async ({ answer, body, timeout = false }) => {
    await using server = await startRawServer(answer, tls);
    await using client = openClient(bulk);
    const seen = await client.fetch(server.url).catch((error: unknown) => ({ error, body: undefined }));
    expect(seen.error).toBeInstanceOf(timeout ? HttpTimeout : Error);
    expect(seen.body?.toString()).toBe(body);
  });

  test('hands on headers in lower case, repeated ones joined', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(0, 'ETag:  "a b"\r\nX-Two: 1\r\nx-two: 2\r\n')), tls);
    await using client = openClient(bulk);
    const { headers } = await client.fetch(server.url);
    expect(headers).toMatchObject({ etag: '"a b"', 'x-two': '1, 2', 'content-length': '0' });
  });

  test('sends the query and the headers, each once', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(0)), tls);
    await using client = openClient(bulk);
    await client.fetch(server.url, { headers: { range: 'bytes=0-4', accept: '*/*' } });
    const lines = server.requests[0]?.split('\r\n') ?? [];
    expect(lines[0]).toBe('GET /film.mp4?signed=1 HTTP/1.1');
    expect(
      lines
        .slice(1)
        .map((line) => line.toLowerCase())
        .toSorted(),
    ).toEqual(['accept: */*', 'connection: keep-alive', `host: ${server.url.host}`, 'range: bytes=0-4']);
  });

  test.each([{ 'if-range': '"a"\r\nx: y' }, { 'a b': 'c' }, { 'a:b': 'c' }])(
    'sends no header that smuggles another in: %j',
    async (headers) => {
      await using server = await startRawServer((socket) => socket.write(ok(0)), tls);
      await using client = openClient(bulk);
      await expect(client.request(server.url, { headers })).rejects.toThrow();
      expect(server.requests).toEqual([]);
    },
  );

  test('HEAD has a length and no body', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(12_345)), tls);
    await using client = openClient(bulk);
    for (let round = 0; round < 3; round += 1) {
      const seen = await client.fetch(server.url, { method: 'HEAD' });
      expect(seen).toMatchObject({ status: 200, error: undefined });
      expect(seen.headers['content-length']).toBe('12345');
      expect(seen.body).toHaveLength(0);
    }
    // undici closes it after each HEAD.
    expect(server.connections).toHaveLength(bulk ? 1 : 3);
  });

  test('keeps its connection for the next request', async () => {
    await using server = await startRawServer((socket) => socket.write(`${ok(5)}hello`), tls);
    await using client = openClient(bulk);
    for (let round = 0; round < 5; round += 1) {
      expect((await client.fetch(server.url)).body.toString()).toBe('hello');
      await pause(2);
    }
    expect(server.connections).toHaveLength(1);
  });

  test('opens no more connections than it may', async () => {
    let open = 0;
    let most = 0;
    await using server = await startRawServer(async (socket) => {
      most = Math.max(most, (open += 1));
      await pause(15);
      open -= 1;
      socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk, 3);
    const all = await Promise.all(Array.from({ length: 12 }, async () => client.fetch(server.url, { stallMs: 5_000 })));
    expect(all.every(({ body }) => body.toString() === 'hello')).toBe(true);
    expect(most).toBe(3);
    expect(server.connections).toHaveLength(3);
  });

  test('a connection that the server closed meanwhile costs no failure', async () => {
    await using server = await startRawServer((socket, request) => {
      if (request === 2) socket.destroy();
      else socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk);
    await client.fetch(server.url);
    await pause(5);
    // undici tells its caller, ours repeats it: by then the server has seen it or not, and a GET changes nothing.
    const second = await client.fetch(server.url).catch(() => client.fetch(server.url));
    expect(second.body.toString()).toBe('hello');
    expect(server.requests).toHaveLength(3);
    expect(server.connections).toHaveLength(2);
  });

  test('bytes beyond the length are not handed on, and never the answer to another request', async () => {
    const poison = `${ok(6)}poison`;
    await using server = await startRawServer(
      (socket, request) => socket.write(`${ok(5)}hello${request === 1 ? poison : ''}`),
      tls,
    );
    await using client = openClient(bulk);
    for (let round = 0; round < 2; round += 1) {
      const seen = await client.fetch(server.url).catch(() => undefined);
      if (seen && !seen.error) expect(seen.body.toString()).toBe('hello');
      await pause(5);
    }
    expect((await client.fetch(server.url)).body.toString()).toBe('hello');
  });

  test('a taker that is slow is no silence, and holds the sender up', async () => {
    const size = 64 * slabBytes;
    let sent = 0;
    await using server = await startRawServer(async (socket) => {
      socket.write(ok(size));
      for (; sent < size; sent += big.length - 12_345) {
        if (!socket.write(big.subarray(0, Math.min(big.length - 12_345, size - sent))))
          await new Promise((resolve) => socket.once('drain', resolve));
      }
    }, tls);
    await using client = openClient(bulk);
    const { body } = await client.request(server.url, { stallMs: 300 });
    let taken = 0;
    let inTaker = 0;
    await body.pump((chunk) => {
      expect(inTaker).toBe(0);
      taken += chunk.length;
      if (taken > chunk.length) return undefined;
      inTaker += 1;
      return pause(900).then(() => {
        inTaker -= 1;
        // What the system buffers on both sides, and three slabs.
        expect(sent).toBeLessThan(size);
      });
    });
    expect(taken).toBe(size);
  });

  test('a chunk stays as it is until the taker is done with it', async () => {
    const content = Buffer.alloc(6 * slabBytes);
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at);
    await using server = await startRawServer((socket) => {
      socket.write(ok(content.length));
      socket.write(content);
    }, tls);
    await using client = openClient(bulk);
    const { body } = await client.request(server.url);
    let at = 0;
    await body.pump(async (chunk) => {
      await pause(10);
      expect(content.subarray(at, at + chunk.length).equals(chunk)).toBe(true);
      at += chunk.length;
    });
    expect(at).toBe(content.length);
  });

  test('a body that breaks off fails only once the taker is done with what came', async () => {
    await using server = await startRawServer((socket) => socket.end(`${ok(9)}hello`), tls);
    await using client = openClient(bulk);
    const { body } = await client.request(server.url);
    let taken = false;
    const pumped = body.pump(async () => {
      await pause(50);
      taken = true;
    });
    await expect(pumped).rejects.toThrow();
    expect(taken).toBe(true);
  });

  test.each([
    {
      how: 'throws',
      take: () => {
        throw new Error('the disk is full');
      },
    },
    { how: 'rejects', take: async () => Promise.reject(new Error('the disk is full')) },
  ])('what the taker $how ends the body', async ({ take }) => {
    await using server = await startRawServer((socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])), tls);
    await using client = openClient(bulk);
    const { body } = await client.request(server.url);
    await expect(body.pump(take)).rejects.toThrow('the disk is full');
    expect((await client.fetch(server.url)).body.length).toBe(big.length);
  });

  test('an aborted request ends at once, before its reply, within it, and before it began', async () => {
    await using server = await startRawServer(
      (socket, request) => socket.write(request === 1 ? 'HTTP/1.1 ' : `${ok(9)}hello`),
      tls,
    );
    await using client = openClient(bulk, 1);
    const reason = new Error('the user said stop');
    const early = new AbortController();
    const unanswered = client.request(server.url, { stallMs: 60_000, signal: early.signal });
    const ended = expect(unanswered).rejects.toBe(reason);
    while (server.requests.length === 0) await pause(5);
    early.abort(reason);
    await ended;
    const late = new AbortController();
    const { body } = await client.request(server.url, { stallMs: 60_000, signal: late.signal });
    setTimeout(() => late.abort(reason), 30);
    await expect(body.pump(() => undefined)).rejects.toBe(reason);
    await expect(client.request(server.url, { stallMs: 60_000, signal: late.signal })).rejects.toBe(reason);
  });

  test('a reply that is discarded leaves the client usable', async () => {
    await using server = await startRawServer((socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])), tls);
    await using client = openClient(bulk, 1);
    for (let round = 0; round < 3; round += 1) (await client.request(server.url)).body.discard();
    expect((await client.fetch(server.url)).body.equals(big)).toBe(true);
  });
});

test('the raw client passes over all that comes before the reply, and uses its connection again at once', async () => {
  await using server = await startRawServer((socket) =>
    socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok(5)}hello`),
  );
  await using client = openClient(true);
  for (let round = 0; round < 3; round += 1) expect((await client.fetch(server.url)).body.toString()).toBe('hello');
  expect(server.connections).toHaveLength(1);
});

test('the raw client gives up its place in line when it is aborted', async () => {
  await using server = await startRawServer(() => {});
  await using client = openClient(true, 1);
  const first = client.request(server.url, { stallMs: 300 });
  const waiting = new AbortController();
  const second = client.request(server.url, { signal: waiting.signal });
  waiting.abort(new Error('no longer'));
  await expect(second).rejects.toThrow('no longer');
  await expect(first).rejects.toBeInstanceOf(HttpTimeout);
});

test('with a proxy every request goes to it', async () => {
  await using proxy = await startRawServer((socket) => socket.write(`${ok(5)}hello`));
  const client = createHttpClient({ connections: 1, proxy: { http: proxy.url.origin } });
  const { body } = await client.request(new URL('http://media.invalid/film.mp4'), { stallMs: 1_000, bulk: true });
  await body.pump(() => undefined);
  await client.close();
  expect(proxy.requests[0]).toContain('media.invalid');
});
