/** A proxy in front of an S3 store. It refuses and changes what stores of other makers do. */
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FilteredRequest {
  readonly method: string;
  /** The path and the query, still encoded. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface FilterAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks the connection after the answer, without a look at the rest of the body. */
  readonly breaks?: boolean;
}

export interface StoreFilterRules {
  /** Returns the answer of the filter, or undefined to pass the request on. */
  readonly answer?: (request: FilteredRequest) => FilterAnswer | undefined;
  /** Changes the headers of a reply from the store. */
  readonly headers?: (headers: IncomingHttpHeaders, request: FilteredRequest) => IncomingHttpHeaders;
  /** Changes the XML of a reply from the store. */
  readonly xml?: (text: string) => string;
}

export interface StoreFilter extends AsyncDisposable {
  readonly endpoint: string;
  /** All requests that the filter answered itself. */
  readonly refused: readonly FilteredRequest[];
}

/** Starts a filter for the store at `target` (`http://host:port`). */
export async function startStoreFilter(target: string, rules: StoreFilterRules): Promise<StoreFilter> {
  const { hostname, port } = new URL(target);
  const refused: FilteredRequest[] = [];

  function forward(message: IncomingMessage, response: ServerResponse): void {
    const request = { method: message.method ?? 'GET', url: message.url ?? '/', headers: message.headers };
    const answer = rules.answer?.(request);
    if (answer) {
      refused.push(request);
      refuse(request, response, answer);
      if (answer.breaks) message.socket.destroySoon();
      else message.resume();
      return;
    }
    if (request.headers.expect !== undefined) response.writeContinue();
    const onward = sendRequest({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers: message.headers,
      agent: false,
    });
    onward.on('response', (reply) => void passOn(request, reply, response));
    onward.on('error', () => response.destroy());
    message.on('error', () => onward.destroy());
    message.pipe(onward);
  }

  async function passOn(request: FilteredRequest, reply: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = rules.headers?.(reply.headers, request) ?? reply.headers;
    if (!rules.xml || !String(headers['content-type']).includes('xml')) {
      response.writeHead(reply.statusCode ?? 502, headers);
      reply.pipe(response);
      return;
    }
    const text = rules.xml(Buffer.concat(await reply.toArray()).toString());
    response.writeHead(reply.statusCode ?? 502, { ...headers, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }

  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, forward);
  server.on('checkContinue', forward);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function refuse({ method }: FilteredRequest, response: ServerResponse, { status, code, message, headers }: FilterAnswer): void {
  const body = method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}
