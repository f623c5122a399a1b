/** The raw client and undici send the same requests, and use a connection for several requests. */
import { describe, expect, test } from 'vitest';
import { clients, ok } from '../../../test/support/http-clients.ts';
import { openClient, pause, startRawServer } from '../../../test/support/raw-http.ts';
import { createHttpClient, HttpTimeout } from './index.ts';

describe.each(clients)('the $client', ({ bulk, tls }) => {
  test('a client sends the query and the headers, each once', async () => {
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
    'a client refuses a header that would add another header: %j',
    async (headers) => {
      await using server = await startRawServer((socket) => socket.write(ok(0)), tls);
      await using client = openClient(bulk);
      await expect(client.request(server.url, { headers })).rejects.toThrow();
      expect(server.requests).toEqual([]);
    },
  );

  test('a client reads the length of a HEAD reply, which has no body', async () => {
    await using server = await startRawServer((socket) => socket.write(ok(12_345)), tls);
    await using client = openClient(bulk);
    for (let round = 0; round < 3; round += 1) {
      const seen = await client.fetch(server.url, { method: 'HEAD' });
      expect(seen).toMatchObject({ status: 200, error: undefined });
      expect(seen.headers['content-length']).toBe('12345');
      expect(seen.body).toHaveLength(0);
    }
    // Undici closes a connection after each HEAD.
    expect(server.connections).toHaveLength(bulk ? 1 : 3);
  });

  test('a client keeps its connection for the next request', async () => {
    await using server = await startRawServer((socket) => socket.write(`${ok(5)}hello`), tls);
    await using client = openClient(bulk);
    for (let round = 0; round < 5; round += 1) {
      expect((await client.fetch(server.url)).body.toString()).toBe('hello');
      await pause(2);
    }
    expect(server.connections).toHaveLength(1);
  });

  test('a client opens a new connection where a request asks for one, within its limit', async () => {
    await using server = await startRawServer((socket) => socket.write(`${ok(5)}hello`), tls);
    await using client = openClient(bulk, 1);
    for (const newConnection of [false, true, true, false]) {
      expect((await client.fetch(server.url, { newConnection })).body.toString()).toBe('hello');
      await pause(5);
    }
    // The raw client has only one place for a connection, so the last request uses the newest one.
    // Undici opens each new connection beside the others, and closes it after the reply.
    expect(server.connections).toHaveLength(3);
    expect(server.connections.filter(({ destroyed }) => !destroyed)).toHaveLength(1);
  });

  test('a client never opens more connections than its limit', async () => {
    let open = 0;
    let maxOpen = 0;
    await using server = await startRawServer(async (socket) => {
      maxOpen = Math.max(maxOpen, (open += 1));
      await pause(15);
      open -= 1;
      socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk, 3);
    const all = await Promise.all(Array.from({ length: 12 }, async () => client.fetch(server.url, { stallMs: 5_000 })));
    expect(all.every(({ body }) => body.toString() === 'hello')).toBe(true);
    expect(maxOpen).toBe(3);
    expect(server.connections).toHaveLength(3);
  });

  test('if the server closes an idle connection, at most one request fails', async () => {
    await using server = await startRawServer((socket, request) => {
      if (request === 2) socket.destroy();
      else socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk);
    await client.fetch(server.url);
    await pause(5);
    // Undici rejects the second request. The raw client repeats it, because a GET changes nothing.
    const second = await client.fetch(server.url).catch(() => client.fetch(server.url));
    expect(second.body.toString()).toBe('hello');
    expect(server.requests).toHaveLength(3);
    expect(server.connections).toHaveLength(2);
  });

  test('bytes after the announced length are not handed on and do not become the reply to another request', async () => {
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
});

test('the raw client skips interim replies and uses its connection for the next request', async () => {
  await using server = await startRawServer((socket) =>
    socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok(5)}hello`),
  );
  await using client = openClient(true);
  for (let round = 0; round < 3; round += 1) expect((await client.fetch(server.url)).body.toString()).toBe('hello');
  expect(server.connections).toHaveLength(1);
});

test('an aborted request of the raw client leaves its place in line', async () => {
  await using server = await startRawServer(() => {});
  await using client = openClient(true, 1);
  const first = client.request(server.url, { stallMs: 300 });
  const waiting = new AbortController();
  const second = client.request(server.url, { signal: waiting.signal });
  waiting.abort(new Error('no longer'));
  await expect(second).rejects.toThrow('no longer');
  await expect(first).rejects.toBeInstanceOf(HttpTimeout);
});

test('every request goes to the proxy if there is one', async () => {
  await using proxy = await startRawServer((socket) => socket.write(`${ok(5)}hello`));
  const client = createHttpClient({ connections: 1, proxies: { http: new URL(proxy.url.origin), bypass: [] } });
  const { body } = await client.request(new URL('http://media.invalid/film.mp4'), { stallMs: 1_000, bulk: true });
  await body.pump(() => undefined);
  await client.close();
  expect(proxy.requests[0]).toContain('media.invalid');
});
