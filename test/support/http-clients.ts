/** The clients that must behave alike: our raw client and undici, each with and without TLS. */
import { setDefaultCACertificates } from 'node:tls';
import { makeCertificate } from './certificate.ts';

/** The certificate of a server on this machine. Every client of the test trusts it. */
export const certificate = makeCertificate();
setDefaultCACertificates([certificate.cert]);

/** `tls` is the certificate for the server, or undefined for plain HTTP. */
export const clients = [
  { client: 'undici client', bulk: false },
  { client: 'raw client', bulk: true },
  { client: 'undici client over TLS', bulk: false, tls: certificate },
  { client: 'raw client over TLS', bulk: true, tls: certificate },
];

/** The head of a reply with a body of `length` bytes. `more` are further lines of the head. */
export function ok(length: number, more = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;
}
