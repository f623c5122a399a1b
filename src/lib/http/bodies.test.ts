/**
 * The raw client and undici hand on a body as fast as the caller takes it, and end an abandoned
 * body.
 */
import { describe, expect, test } from 'vitest';
import { clients, ok } from '../../../test/support/http-clients.ts';
import { openClient, pause, startRawServer } from '../../../test/support/raw-http.ts';
import { slabBytes } from './slabs.ts';

const big = Buffer.alloc(3 * slabBytes + 12_345, 'the bytes of a film ');

describe.each(clients)('the $client', ({ bulk, tls }) => {
  test('a slow taker makes the sender wait, and the wait does not count as silence', async () => {
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
        // The sender waits when three slabs and the buffers of the system are full.
        expect(sent).toBeLessThan(size);
      });
    });
    expect(taken).toBe(size);
  });

  test('a chunk does not change until the taker is done with it', async () => {
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

  test('a body that breaks off fails only after the taker is done with the last chunk', async () => {
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
  ])('a body ends with the error of its taker: the taker $how', async ({ take }) => {
    await using server = await startRawServer((socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])), tls);
    await using client = openClient(bulk);
    const { body } = await client.request(server.url);
    await expect(body.pump(take)).rejects.toThrow('the disk is full');
    expect((await client.fetch(server.url)).body.length).toBe(big.length);
  });

  test('a request ends as soon as it is aborted: before it is sent, before its reply, or within its body', async () => {
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

  test('after a reply is discarded, the client can send further requests', async () => {
    await using server = await startRawServer((socket) => socket.write(Buffer.concat([Buffer.from(ok(big.length)), big])), tls);
    await using client = openClient(bulk, 1);
    for (let round = 0; round < 3; round += 1) (await client.request(server.url)).body.discard();
    expect((await client.fetch(server.url)).body.equals(big)).toBe(true);
  });
});
