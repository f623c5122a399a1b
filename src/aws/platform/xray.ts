import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { redact } from '../../lib/redact.ts';
import type { Annotations, Span } from '../../lib/span.ts';

export interface Tracing {
  readonly span: Span;
  /** Waits until all spans are sent, because Lambda freezes the process after the reply. */
  readonly close: () => Promise<void>;
}

/**
 * Sends spans to Lambda's daemon as subsegments of Lambda's trace. Each datagram consists of a
 * header line and a document
 * (docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html). If there is no daemon,
 * or if the trace is not sampled, nothing is sent. Errors in sending are ignored, because a trace
 * must not disturb the work.
 */
export function openXray(variables: Readonly<Record<string, string | undefined>> = process.env): Tracing {
  const daemon = parseDaemon(variables['AWS_XRAY_DAEMON_ADDRESS'] ?? '');
  const trace = parseTrace(variables['_X_AMZN_TRACE_ID'] ?? '');
  if (!daemon || !trace) return { span: async (_name, _annotations, work) => work(), close: async () => {} };
  const socket = createSocket('udp4').unref();
  socket.on('error', () => {});
  const sending = new Set<Promise<void>>();
  let isClosed = false;
  const send = (text: string) => {
    if (isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    sending.add(promise);
    socket.send(text, daemon.port, daemon.host, () => {
      sending.delete(promise);
      resolve();
    });
  };
  return {
    span: async (name, annotations, work) => {
      const begun = { name, id: randomBytes(8).toString('hex'), start_time: Date.now() / 1000, ...trace };
      let failed = true;
      try {
        const result = await work();
        failed = false;
        return result;
      } finally {
        send(documentOf(begun, annotations, failed ? { error: true } : {}));
      }
    },
    close: async () => {
      await Promise.all(sending);
      isClosed = true;
      socket.close();
    },
  };
}

function documentOf(begun: object, annotations: Annotations, failure: { readonly error?: true }): string {
  const end_time = Date.now() / 1000;
  const document = { ...begun, type: 'subsegment', end_time, annotations: redact(annotations), ...failure };
  return `{"format":"json","version":1}\n${JSON.stringify(document)}`;
}

/** Parses the address of the daemon: `host:port`, or `tcp:host:port udp:host:port`. */
function parseDaemon(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /(?:^|udp:)([^\s:]+):(\d+)$/.exec(address) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

/**
 * Parses the trace header `Root=1-…;Parent=…;Sampled=1`. Returns undefined unless the trace is
 * sampled.
 */
function parseTrace(header: string): { readonly trace_id: string; readonly parent_id: string } | undefined {
  const fields = new Map(header.split(';').map((field) => field.split('=') as [string, string]));
  const [trace_id, parent_id] = [fields.get('Root'), fields.get('Parent')];
  return trace_id && parent_id && fields.get('Sampled') === '1' ? { trace_id, parent_id } : undefined;
}
