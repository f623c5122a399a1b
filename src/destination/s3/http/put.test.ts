import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { useTestCredentials } from '../../../../test/support/s3-archive.ts';
import { systemClock } from '../../../lib/clock.ts';
import { openBucket, type Bucket } from '../bucket.ts';
import { OpenPut } from './put.ts';

useTestCredentials();

const KiB = 1024;
const stallMs = 300;
const reply = 'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n';

/** Receives a chunk in the role of the connection. Calls `done` once the chunk is accepted. */
type Take = (line: Duplex, chunk: Buffer, done: (error?: Error) => void) => void;

/**
 * Returns a bucket whose connection is a stream in memory. Such a stream has no kernel buffers, so
 * `take` decides when bytes are accepted.
 */
function bucketBehind(take: Take): Bucket {
  const line = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _, done) => take(line, chunk, done),
  });
  const agent = new Agent();
  agent.createConnection = () => line;
  const endpoint = 'http://127.0.0.1:1';
  const bucket = openBucket({ bucket: 'archive', prefix: '', endpoint, clock: systemClock, stallMs });
  return { ...bucket, agentFor: () => agent };
}

/** Answers any request long before the line has accepted the bytes. */
function answerAtOnce(line: Duplex, _: Buffer, done: () => void): void {
  line.push(reply);
  setTimeout(done, 50);
}

function put(bucket: Bucket, sizeBytes: number, options: { readonly trailer: boolean }): OpenPut {
  return new OpenPut(bucket, Promise.resolve({ key: 'a', headers: {}, sizeBytes, ...options }), 'writing a');
}

test.each([true, false])(
  'a PUT over a slow line succeeds although a chunk takes longer than the stall time (trailer: %o)',
  async (trailer) => {
    let body = 0;
    const total = 2 * 256 * KiB;
    const bucket = bucketBehind((line, chunk, done) => {
      body += chunk.length;
      setTimeout(done, (chunk.length / (64 * KiB)) * (stallMs / 3));
      if (chunk.includes('x-amz-checksum-crc32:') || (!trailer && body > total)) line.push(reply);
    });
    const slow = put(bucket, total, { trailer });
    const chunk = Buffer.alloc(256 * KiB);
    for (let sent = 0; sent < total; sent += chunk.length) await slow.write(chunk);
    expect(await slow.finish(crc32(Buffer.alloc(total)))).toMatchObject({ etag: '"e"' });
    expect(body).toBeGreaterThan(total);
  },
);

test('a PUT fails if the line accepts no more bytes', async () => {
  const dead = put(
    bucketBehind(() => {}),
    1000,
    { trailer: false },
  );
  await expect(dead.write(Buffer.alloc(1000))).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code: 'STALLED' } });
  await expect(dead.finish(0)).rejects.toMatchObject({ cause: { code: 'STALLED' } });
});

test('a PUT that already has its reply fails if the line never accepts the remaining bytes', async () => {
  const bucket = bucketBehind((line) => void line.push(reply));
  const dead = put(bucket, 1000, { trailer: false });
  await expect(dead.write(Buffer.alloc(1000))).rejects.toMatchObject({ cause: { code: 'STALLED' } });
  dead.abort();
});

test('a PUT fails if a write to its line fails', async () => {
  const failing = put(
    bucketBehind((_, chunk, done) => done(new Error(`no room for ${chunk.length} bytes`))),
    1000,
    { trailer: false },
  );
  await expect(failing.write(Buffer.alloc(1000))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(failing.finish(0)).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('a PUT succeeds if the reply comes during the last write, and fails if the reply comes earlier', async () => {
  const whole = put(bucketBehind(answerAtOnce), 1000, { trailer: false });
  await whole.write(Buffer.alloc(1000));
  expect(await whole.finish(0)).toMatchObject({ etag: '"e"' });

  const half = put(bucketBehind(answerAtOnce), 1000, { trailer: false });
  await half.write(Buffer.alloc(500)).catch(() => {});
  await expect(half.finish(0)).rejects.toMatchObject({ cause: { code: 'EARLY_REPLY' } });
});
