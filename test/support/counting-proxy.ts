/** Stands in front of a server, counts the requests that matter, and kills a process at one of them. */
import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KillPoint {
  readonly pid: number;
  /** Which of the counted requests, from 1. */
  readonly request: number;
  /** When it arrives and nothing of it is passed on, or when the server has carried it out and its answer is held back. */
  readonly when: 'arrived' | 'answered';
}

export interface CountingProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** From now on counts from 1 again and kills at this point. */
  arm(point: KillPoint | undefined): void;
  /** Counted since the last `arm`. */
  readonly counted: number;
}

/** Forwards everything to `target` (`http://host:port`); only requests for which `counts` is true are counted. */
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
