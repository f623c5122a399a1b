/** Encryption ends nowhere on the way of a file, and no spelling of an address changes that. */
import { createServer as createHttpServer, request as sendRequest, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import type { GoproCloud } from '../../src/sim/gopro/index.ts';
import { makeCertificate } from '../support/certificate.ts';
import { runCli, startCli } from '../support/cli.ts';
import { openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { waitUntil } from '../support/wait-until.ts';

interface Front extends AsyncDisposable {
  readonly port: number;
}

async function listen(server: Server): Promise<Front> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Answers for the API with signed URLs that are https, whatever `scheme` the API has. Redirects
 * each signed URL to the same URL of the simulated CDN, which is plain http.
 */
function answersOf({ apiUrl, cdnUrl }: GoproCloud, tlsPort: () => number): RequestListener {
  return (request, response) => {
    const { url = '/', headers, method } = request;
    if (url.startsWith('/cdn/')) {
      response.writeHead(302, { location: cdnUrl + url.slice('/cdn'.length) }).end();
      return;
    }
    const onward = sendRequest(apiUrl + url, { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, { 'content-type': reply.headers['content-type'] ?? '' });
      void text(reply).then((body) => response.end(body.replaceAll(cdnUrl, `https://127.0.0.1:${tlsPort()}/cdn`)));
    });
    onward.end();
  };
}

const shim = new URL('../support/gopro-at-loopback.ts', import.meta.url).href;

test.each([
  ['https://api.gopro.com/', 'written with a slash'],
  ['https://127.0.0.1:{port}', 'overridden with https'],
  ['http://127.0.0.1:{plainPort}', 'overridden with plain http'],
])('a redirect from https to http is refused with the API address %s, which is %s', async (apiUrl) => {
  await using scene = await openScene({ library: createLibrary([createMediaMaker('origins').photo()]) });
  let tlsPort = 0;
  const answer = answersOf(scene.cloud, () => tlsPort);
  await using tls = await listen(createTlsServer(makeCertificate(), answer));
  tlsPort = tls.port;
  await using plain = await listen(createHttpServer(answer));
  const environment = scene.environment({
    CLOUD_SYNC_GOPRO_API_URL: apiUrl.replace('{port}', String(tls.port)).replace('{plainPort}', String(plain.port)),
    NODE_OPTIONS: `--import ${shim}`,
    GOPRO_TLS_PORT: String(tls.port),
    // The server has no certificate for the names of GoPro.
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  });
  const running = startCli(['sync', '--to', scene.place.to, '--json'], { environment });
  const isRefused = () => running.stdout().includes('the media address is not https');
  await Promise.race([waitUntil('the refusal', isRefused), running.ended]);
  running.kill('SIGKILL');
  await running.ended;
  expect({ isRefused: isRefused(), files: await scene.place.files() }).toEqual({ isRefused: true, files: [] });
  expect(scene.cloud.requests.filter(({ host }) => host === 'cdn')).toEqual([]);
});

test('the cookies are never sent to GoPro without encryption', async () => {
  await using scene = await openScene({ library: createLibrary([]) });
  await using proxy = await listen(createHttpServer((_, response) => void response.end('{}')));
  const environment = scene.environment({
    CLOUD_SYNC_GOPRO_API_URL: 'http://API.GOPRO.COM./',
    HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
  });
  const run = await runCli(['sync', '--to', scene.place.to, '--json'], { environment });
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('unencrypted') });
});
