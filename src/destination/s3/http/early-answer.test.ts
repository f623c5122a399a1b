import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { codeOf, useTestCredentials } from '../../../../test/support/s3-archive.ts';
import { systemClock } from '../../../lib/clock.ts';
import { openBucket } from '../bucket.ts';
import { OpenPut } from './put.ts';

useTestCredentials();

const MiB = 1024 * 1024;
const body = '<Error><Code>InvalidArgument</Code><Message>Not this one.</Message></Error>';
const refusal = `HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
/** Only the beginning of a refusal. The connection breaks before its end. */
const cutRefusal = refusal.slice(0, -20);

/**
 * A store that answers after `afterBytes` of a request, and then resets the connection without
 * reading the rest.
 */
async function startHastyStore(answer: string, afterBytes: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes < afterBytes || socket.writableEnded) return;
      socket.pause();
      // At once, a reset would also delete the answer that a busy client has not read yet.
      socket.end(answer, () => setTimeout(() => socket.destroySoon(), 100));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends 8 MiB as a media host would, in chunks that arrive one after another. */
async function send(endpoint: string): Promise<void> {
  const bucket = openBucket({ bucket: 'archive', prefix: '', endpoint, clock: systemClock, stallMs: 5_000 });
  const target = { key: 'a', headers: {}, sizeBytes: 8 * MiB, trailer: true, asksFirst: true };
  const put = new OpenPut(bucket, Promise.resolve(target), 'writing a');
  try {
    for (let sent = 0; sent < target.sizeBytes; sent += MiB) {
      await put.write(Buffer.alloc(MiB));
      await pause(5);
    }
    await put.finish(0);
  } finally {
    put.abort();
    bucket.close();
  }
}

test.each([
  ['the headers', refusal, 1],
  ['the headers, and breaks off its answer', cutRefusal, 1],
  ['the first bytes', refusal, 100_000],
])('the answer of a store that refuses after %s is not hidden by the broken connection', async (_, answer, afterBytes) => {
  await using store = await startHastyStore(answer, afterBytes);
  for (let attempt = 0; attempt < 5; attempt += 1) expect(await codeOf(send(store.endpoint))).toBe('STORE_REFUSED');
});
