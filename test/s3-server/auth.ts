import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { header, S3Error, type S3Request } from './wire.ts';

export interface S3AuthOptions {
  /** The only accepted credentials. If omitted, the signature of a request is not verified. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The region that signatures must name. Default: any region. */
  readonly region?: string;
  /** The reply if a signature names another region. Default: AuthorizationHeaderMalformed. */
  readonly regionMismatch?: 'malformed' | 'redirect';
  /**
   * How far the store's clock is ahead of this machine's clock. If given, the store refuses
   * requests whose time differs by more than 15 minutes from the store's time.
   */
  readonly clockSkewMs?: number;
}

/** A signature of version 4, from the header `Authorization` or from a presigned address. */
interface Signature {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly timestamp: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly expiresSeconds: number | undefined;
  readonly payloadHash: string;
}

const MAX_SKEW_MS = 15 * 60_000;
const CREDENTIAL = /^([^/]+)\/(\d{8})\/([^/]*)\/([^/]+)\/aws4_request$/;

/**
 * Checks the region, the time and the signature of a request. Throws the S3Error that S3 would
 * answer with. Chunk signatures inside a streamed body are not verified. The S3 API reference has
 * the rules under "Authenticating Requests (AWS Signature Version 4)".
 */
export function authenticate(request: S3Request, options: S3AuthOptions): void {
  const signature = readSignature(request);
  checkRegion(signature, options);
  checkTime(signature, options);
  if (options.credentials === undefined) return;
  if (signature.accessKeyId !== options.credentials.accessKeyId) throw new S3Error('InvalidAccessKeyId');
  const expected = Buffer.from(sign(request, signature, options.credentials.secretAccessKey));
  const given = Buffer.from(signature.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) throw new S3Error('SignatureDoesNotMatch');
}

function readSignature(request: S3Request): Signature {
  const authorization = header(request, 'authorization');
  if (authorization === undefined) return readPresigned(request);
  const fields = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([\da-f]{64})$/.exec(authorization);
  if (fields === null) throw new S3Error('AuthorizationHeaderMalformed');
  const [, credential = '', signedHeaders = '', signature = ''] = fields;
  return {
    ...readCredential(credential),
    timestamp: header(request, 'x-amz-date') ?? '',
    signedHeaders: signedHeaders.split(';'),
    signature,
    expiresSeconds: undefined,
    payloadHash: header(request, 'x-amz-content-sha256') ?? '',
  };
}

function readPresigned({ query }: S3Request): Signature {
  const credential = query.get('X-Amz-Credential');
  const signature = query.get('X-Amz-Signature');
  if (credential === null || signature === null) throw new S3Error('AccessDenied', 'The request is not signed.');
  return {
    ...readCredential(credential),
    timestamp: query.get('X-Amz-Date') ?? '',
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature,
    expiresSeconds: Number(query.get('X-Amz-Expires')),
    payloadHash: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function readCredential(text: string): Pick<Signature, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(text) ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) {
    throw new S3Error('AuthorizationHeaderMalformed', 'The credential has no scope of date, region and service.');
  }
  return { accessKeyId, date, region, service };
}

function checkRegion({ region }: Signature, options: S3AuthOptions): void {
  const right = options.region;
  if (right === undefined || region === right) return;
  const code = options.regionMismatch === 'redirect' ? 'PermanentRedirect' : 'AuthorizationHeaderMalformed';
  const message = `The region '${region}' is wrong; expecting '${right}'.`;
  throw new S3Error(code, message, { details: { Region: right }, headers: { 'x-amz-bucket-region': right } });
}

function checkTime({ timestamp, expiresSeconds }: Signature, options: S3AuthOptions): void {
  const signedAt = Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedAt)) throw new S3Error('AccessDenied', 'The request does not say when it was signed.');
  const now = Date.now() + (options.clockSkewMs ?? 0);
  if (expiresSeconds !== undefined) {
    if (now > signedAt + expiresSeconds * 1000) throw new S3Error('AccessDenied', 'The signed address has expired.');
    return;
  }
  if (options.clockSkewMs === undefined || Math.abs(now - signedAt) <= MAX_SKEW_MS) return;
  const details = {
    RequestTime: timestamp,
    ServerTime: new Date(now).toISOString(),
    MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
  };
  throw new S3Error('RequestTimeTooSkewed', undefined, { details });
}

function sign(request: S3Request, signature: Signature, secretAccessKey: string): string {
  const headers = signature.signedHeaders.map(
    (name) => `${name}:${(header(request, name) ?? '').trim().replaceAll(/ +/g, ' ')}\n`,
  );
  const canonical = [
    request.message.method,
    encode(decodeURIComponent(request.rawPath)).replaceAll('%2F', '/'),
    canonicalQuery(request.rawQuery),
    headers.join(''),
    signature.signedHeaders.join(';'),
    signature.payloadHash,
  ].join('\n');
  const scope = `${signature.date}/${signature.region}/${signature.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', signature.timestamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const steps = [signature.date, signature.region, signature.service, 'aws4_request'];
  const key = steps.reduce<string | Buffer>((secret, step) => hmac(secret, step), `AWS4${secretAccessKey}`);
  return hmac(key, text).toString('hex');
}

function canonicalQuery(rawQuery: string): string {
  return rawQuery
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value.join('=')))] as const;
    })
    .toSorted(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map((pair) => pair.join('='))
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
