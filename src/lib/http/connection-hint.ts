/** What to do if a proxy refuses a request. */
export const proxyHint =
  'Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY. A proxy that wants a password needs the form http://user:password@host:port.';
const trustHint =
  'If a proxy, a firewall or your own authority signs the certificate, name the file of that authority in NODE_EXTRA_CA_CERTS, or for S3 and AWS in AWS_CA_BUNDLE.';

const untrusted = /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_|ERR_TLS_CERT_)/;

/**
 * Returns what to do about an error of a connection. Undefined if neither a proxy nor a certificate
 * caused the error.
 */
export function connectionHint(error: unknown): string | undefined {
  const all = causes(error);
  if (all.some(({ code }) => untrusted.test(code))) return trustHint;
  return all.some(({ code, message }) => code === 'ERR_PROXY_TUNNEL' || /\bproxy\b/i.test(message)) ? proxyHint : undefined;
}

/** Lists an error and its causes, each with its code. Node and undici nest them differently. */
export function causes(error: unknown): { readonly code: string; readonly message: string }[] {
  if (!(error instanceof Error)) return [];
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [{ code, message: error.message }, ...[...inner, error.cause].flatMap(causes)];
}
