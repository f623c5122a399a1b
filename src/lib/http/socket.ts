import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/**
 * Opens a socket. It verifies certificates and tries several addresses, as Node does by default.
 */
export function openSocket(origin: URL, session: Buffer | undefined, onread: OnReadOpts): Socket {
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  if (origin.protocol === 'http:') return connectPlain({ host, port: Number(origin.port || 80), onread });
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    host,
    port: Number(origin.port || 443),
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    ...(session && { session }),
    onread,
  };
  return connectTls(options);
}
