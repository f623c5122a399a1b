/** A proxy in front of a server. It counts certain requests and kills a process at one of them. */
import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KillPoint {
  readonly pid: number;
  /** The number of the counted request at which the process is killed, from 1 on. */
  readonly request: number;
  /**
   * With `arrived` the process is killed before the proxy passes the request on. With `answered`
   * it is killed after the server answered, and before the proxy passes the answer on.
   */
  readonly when: 'arrived' | 'answered';
}

export interface CountingProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Counts from 0 again. Kills a process at `point`, or no process if `point` is undefined. */
  arm(point: KillPoint | undefined): void;
  /** The number of counted requests since the last `arm`. */
  readonly counted: number;
}

/** Starts a proxy for `target` (`http://host:port`). It counts requests if `counts` is true. */
export async function startCountingProxy(
  target: string,
  counts: (method: string, url: string) => boolean,
): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  let armed: KillPoint | undefined;
  let counted = 0;

  function forward(message: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = message;
    const isCounted = counts(method, url);
    if (isCounted) counted += 1;
    const point = isCounted && armed?.request === counted ? armed : undefined;
    if (point?.when === 'arrived') {
      process.kill(point.pid, 'SIGKILL');
      return;
    }
    const onward = sendRequest({ hostname, port, method, path: url, headers, agent: false }, (reply) => {
      if (point) {
        process.kill(point.pid, 'SIGKILL');
        reply.resume();
      } else {
        response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
        reply.pipe(response);
      }
    });
    onward.on('error', () => response.destroy());
    message.on('error', () => onward.destroy());
    message.pipe(onward);
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, forward);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: (point) => {
      armed = point;
      counted = 0;
    },
    get counted() {
      return counted;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
