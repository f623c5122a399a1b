/** How clients choose between a host's addresses, between TLS sessions, and between proxies. */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as getSecurely } from 'node:https';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { certificate, clients, ok } from '../../../test/support/http-clients.ts';
import { openClient, pause, startRawServer } from '../../../test/support/raw-http.ts';
import { agentOptions } from '../aws-clients.ts';
import { parseNoProxy, proxyEnvOf, proxyFor } from './proxies.ts';

beforeAll(async () => void (await import('../../../test/support/slow-address.ts')));

test.each(clients.filter(({ tls }) => !tls))(
  'the $client waits for a slow address while the other address of the host refuses',
  async ({ bulk }) => {
    await using server = await startRawServer((socket) => socket.write(`${ok(5)}hello`));
    await using client = openClient(bulk);
    const url = new URL(server.url.href.replace('127.0.0.1', 'slow.test'));
    expect((await client.fetch(url, { stallMs: 5_000 })).body.toString()).toBe('hello');
  },
);

test.each(clients.filter(({ tls }) => tls))(
  'the $client does not offer a TLS session again after the server closed a connection because of it',
  async ({ bulk, tls }) => {
    await using server = await startRawServer((socket) => {
      if ((socket as TLSSocket).isSessionReused()) socket.destroy();
      else socket.write(`${ok(5)}hello`);
    }, tls);
    await using client = openClient(bulk);
    let failures = 0;
    for (let round = 0; round < 4; round += 1) {
      const seen = await client.fetch(server.url, { stallMs: 5_000 }).catch(() => undefined);
      if (seen === undefined) failures += 1;
      await pause(50); // the session arrives after the handshake
      for (const connection of server.connections) connection.end();
      await pause(50);
    }
    expect(failures).toBeLessThanOrEqual(bulk ? 2 : 0);
  },
);

test('an agent of S3 and AWS does not offer a TLS session again after the server closed a connection because of it', async () => {
  await using server = await startRawServer((socket) => {
    if ((socket as TLSSocket).isSessionReused()) socket.destroy();
    else socket.end(`${ok(5)}hello`);
  }, certificate);
  const agent = new HttpsAgent({ keepAlive: true, ...agentOptions({}) });
  for (let round = 0; round < 3; round += 1) {
    const [reply] = await once(getSecurely(server.url, { agent }), 'response');
    expect(await text(reply as IncomingMessage)).toBe('hello');
    await pause(50); // the session arrives after the handshake
  }
});

describe('NO_PROXY', () => {
  test.each<[noProxy: string, url: string, isDirect: boolean]>([
    ['', 'http://nas.test/', false],
    ['*', 'http://nas.test/', true],
    ['nas.test', 'http://nas.test/', true],
    ['nas.test', 'http://s3.nas.test:9000/', true],
    ['.nas.test', 'http://s3.nas.test/', true],
    ['*.nas.test', 'http://s3.nas.test/', true],
    ['*.nas.test', 'http://nas.test/', false],
    ['nas.test', 'http://mynas.test/', false],
    ['NAS.test.', 'http://nas.test/', true],
    ['a.test, nas.test', 'http://nas.test/', true],
    ['a.test nas.test', 'http://nas.test/', true],
    ['nas.test:9000', 'http://nas.test:9000/', true],
    ['nas.test:9000', 'http://nas.test/', false],
    ['nas.test:80', 'http://nas.test/', true],
    ['10.1.2.3', 'http://10.1.2.3:9000/', true],
    ['10.1.2.0/24', 'http://10.1.2.255/', true],
    ['10.1.2.0/24', 'http://10.1.3.0/', false],
    ['192.168.0.0/16', 'http://192.168.200.1/', true],
    ['0.0.0.0/0', 'http://255.1.2.3/', true],
    ['10.0.0.1-10.0.0.9', 'http://10.0.0.5/', true],
    ['10.0.0.0/33', 'http://10.0.0.1/', false],
    ['my-nas', 'http://my-nas/', true],
    ['::1', 'http://[::1]:9000/', true],
    ['[::1]', 'http://[::1]/', true],
    ['[::1]:9000', 'http://[::1]:9000/', true],
    ['[::1]:9000', 'http://[::1]:9001/', false],
  ])('with NO_PROXY "%s" the request for %s is direct: %s', async (noProxy, address, isDirect) => {
    const url = new URL(address);
    const proxies = { http: new URL('http://127.0.0.1:1'), bypass: parseNoProxy(noProxy) };
    expect(proxyFor(url, proxies) === undefined).toBe(isDirect);
    // Node's agents decide by themselves. Their connections must go the same way.
    const connect = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket) {
      return this.destroy(new Error('no connection is made'));
    });
    const request = get(url, { agent: new Agent({ proxyEnv: proxyEnvOf(proxies) }) });
    await once(request, 'error');
    const [[{ host, port }]] = connect.mock.calls[0] as unknown as [[{ host: string; port: number }]];
    connect.mockRestore();
    expect(`${host}:${port}` === '127.0.0.1:1').toBe(!isDirect);
  });
});
