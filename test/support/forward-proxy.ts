/** An HTTP proxy that forwards every request. */
import { createServer, request as sendRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.ts';

export interface ForwardProxy extends AsyncDisposable {
  readonly url: string;
  /** The number of forwarded requests and opened tunnels. */
  readonly used: number;
}

export interface ForwardProxyOptions {
  /** The proxy decrypts its tunnels with this certificate, as proxies of companies do. */
  readonly certificate?: Certificate;
  /** `user:password`. The proxy refuses requests without them. */
  readonly credentials?: string;
}

export async function startForwardProxy({ certificate, credentials }: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  let used = 0;
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const isRefused = ({ headers }: IncomingMessage) => headers['proxy-authorization'] !== expected;
  const sockets = new Set<Socket>();
  const server = createServer((message, response) => {
    used += 1;
    if (isRefused(message)) {
      response.writeHead(407).end();
      return;
    }
    const onward = sendRequest(message.url ?? '', { method: message.method, headers: message.headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      reply.on('error', () => response.destroy()).pipe(response);
    });
    onward.on('error', () => response.destroy());
    message.pipe(onward);
  });
  server.on('connect', (message, tunnel: Socket) => {
    used += 1;
    if (isRefused(message)) {
      tunnel.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${message.url}`);
    const socket = certificate ? new TLSSocket(tunnel, { isServer: true, ...certificate }) : tunnel;
    const onward = connect(Number(port || 80), hostname, () => tunnel.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    // If one connection is reset, the proxy also resets the other one.
    const pair = [
      [socket, onward],
      [onward, socket],
    ] as const;
    for (const [one, other] of pair) {
      sockets.add(one);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get used() {
      return used;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
