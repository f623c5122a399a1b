/** An HTTP server that only this machine can reach. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface LoopbackServer {
  /** The address of the server, for example `http://127.0.0.1:40213`. */
  readonly origin: string;
  /** Closes every connection and stops listening. */
  stop(): Promise<void>;
}

const KEEP_ALIVE_MS = 65_000;
const WRITE_AHEAD_BYTES = 1024 * 1024;

/**
 * Starts a server on 127.0.0.1, by default on any free port. If a handler fails, the reply is 500
 * with the error message. Rejects with the socket's error if the port is in use.
 */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port = 0,
): Promise<LoopbackServer> {
  const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, highWaterMark: WRITE_AHEAD_BYTES };
  const server = createServer(settings, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
