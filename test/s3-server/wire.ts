import type { IncomingMessage } from 'node:http';

/** The status and the message of every error of this store, by error code. */
const ERRORS = {
  AccessDenied: [403, 'Access denied.'],
  AuthorizationHeaderMalformed: [400, 'The authorization is not well formed for this store.'],
  BadDigest: [400, 'The digest that was sent does not match the content that arrived.'],
  BadRequest: [400, 'The request cannot be served.'],
  BucketAlreadyOwnedByYou: [409, 'You already own this bucket.'],
  ConditionalRequestConflict: [409, 'Another operation on this key ran into this conditional one.'],
  EntityTooLarge: [400, 'The object is larger than this store accepts.'],
  EntityTooSmall: [400, 'A part before the last one is smaller than 5 MiB.'],
  ExpiredToken: [400, 'The session token has expired.'],
  IncompleteBody: [400, 'The body has another length than was announced.'],
  InternalError: [500, 'The store failed; try again.'],
  InvalidAccessKeyId: [403, 'The access key id is unknown.'],
  InvalidArgument: [400, 'An argument is invalid.'],
  InvalidDigest: [400, 'The digest that was sent is not one.'],
  RestoreAlreadyInProgress: [409, 'The object is being restored already.'],
  InvalidObjectState: [403, 'The object is archived and cannot be read before it is restored.'],
  InvalidPart: [400, 'A part is missing or its entity tag does not match.'],
  InvalidPartOrder: [400, 'The parts are not in ascending order.'],
  InvalidRange: [416, 'The range lies outside of the object.'],
  InvalidRequest: [400, 'The request is invalid.'],
  InvalidTag: [400, 'A tag is invalid.'],
  InvalidURI: [400, 'The address cannot be decoded.'],
  MalformedTrailerError: [400, 'The trailer that was announced did not arrive.'],
  MalformedXML: [400, 'The XML in the body is not what this operation takes.'],
  MetadataTooLarge: [400, 'The user metadata exceeds 2 KB.'],
  MissingContentLength: [411, 'The length of the body must be announced.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchUpload: [404, 'The upload does not exist; it may have been aborted or completed.'],
  NotImplemented: [501, 'This store does not implement what the request asks for.'],
  PermanentRedirect: [301, 'The bucket is to be addressed in its own region.'],
  PreconditionFailed: [412, 'A precondition of the request does not hold.'],
  QuotaExceeded: [403, 'The quota is used up.'],
  RequestTimeTooSkewed: [403, 'The clocks of client and store differ too much.'],
  SignatureDoesNotMatch: [403, 'The signature that was sent is not the one computed here.'],
  SlowDown: [503, 'Reduce the rate of requests.'],
  TooManyRequests: [429, 'Too many requests.'],
  XAmzContentSHA256Mismatch: [400, 'The SHA-256 that was sent does not match the content that arrived.'],
  XMinioStorageFull: [507, 'The store has no space left.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type S3ErrorCode = keyof typeof ERRORS;

/** An answer other than success. `details` become XML elements, `headers` become reply headers. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: S3ErrorCode,
    message?: string,
    extra: { details?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message ?? ERRORS[code][1]);
    this.name = 'S3Error';
    this.code = code;
    this.status = ERRORS[code][0];
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}

export type S3Operation =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CreateBucket'
  | 'CreateMultipartUpload'
  | 'DeleteObject'
  | 'GetBucketLocation'
  | 'GetObject'
  | 'GetObjectAttributes'
  | 'GetObjectTagging'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListBuckets'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListParts'
  | 'PutObject'
  | 'PutObjectTagging'
  | 'RestoreObject'
  | 'UploadPart'
  /** Any other operation. It gets status 501. */
  | 'Unknown';

/** A request with its parsed address. */
export interface S3Request {
  readonly message: IncomingMessage;
  readonly operation: S3Operation;
  /** Empty if the request is to the service itself. */
  readonly bucket: string;
  /** Empty if the request is to a bucket. */
  readonly key: string;
  /** The path as it was sent, in encoded form. The signature covers this form. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** The bytes of the body that were read so far, including the framing. */
  bytesIn: number;
}

/** The reply of an operation. An iterable body is streamed, and `headers` must give its length. */
export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Iterable<Buffer>;
}

/** Parses the address. The bucket is in the path or the host name. Throws S3Error InvalidURI. */
export function parseRequest(message: IncomingMessage): S3Request {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark === -1 ? url : url.slice(0, mark);
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
  const query = new URLSearchParams(rawQuery);
  const { bucket, key } = splitAddress(decodePath(rawPath), message.headers.host ?? '');
  return { message, operation: nameOperation(message, bucket, key, query), bucket, key, rawPath, rawQuery, query, bytesIn: 0 };
}

function decodePath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath).replace(/^\//, '');
  } catch {
    throw new S3Error('InvalidURI');
  }
}

function splitAddress(path: string, host: string): { bucket: string; key: string } {
  const hosted = /^(.+)\.localhost(?::\d+)?$/.exec(host)?.[1];
  if (hosted !== undefined) return { bucket: hosted, key: path };
  const slash = path.indexOf('/');
  return slash === -1 ? { bucket: path, key: '' } : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function nameOperation(message: IncomingMessage, bucket: string, key: string, query: URLSearchParams): S3Operation {
  const method = message.method ?? '';
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : 'Unknown';
  if (key === '') return nameBucketOperation(method, query);
  if ('x-amz-copy-source' in message.headers || query.has('acl') || query.has('retention')) return 'Unknown';
  const inUpload = query.has('uploadId');
  if (method === 'GET' && inUpload) return 'ListParts';
  if (method === 'GET' && query.has('tagging')) return 'GetObjectTagging';
  if (method === 'GET' && query.has('attributes')) return 'GetObjectAttributes';
  if (method === 'GET') return 'GetObject';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT' && inUpload) return 'UploadPart';
  if (method === 'PUT' && query.has('tagging')) return 'PutObjectTagging';
  if (method === 'PUT') return 'PutObject';
  if (method === 'POST' && query.has('restore')) return 'RestoreObject';
  if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload';
  if (method === 'POST' && inUpload) return 'CompleteMultipartUpload';
  if (method === 'DELETE') return inUpload ? 'AbortMultipartUpload' : query.has('tagging') ? 'Unknown' : 'DeleteObject';
  return 'Unknown';
}

function nameBucketOperation(method: string, query: URLSearchParams): S3Operation {
  if (method === 'HEAD') return 'HeadBucket';
  const plain = [...query.keys()].every((name) => name === 'x-id' || /^x-amz-/i.test(name));
  if (method === 'PUT') return plain ? 'CreateBucket' : 'Unknown';
  if (method !== 'GET') return 'Unknown';
  if (query.has('location')) return 'GetBucketLocation';
  if (query.has('uploads')) return 'ListMultipartUploads';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown';
}

/** The value of a header, or undefined if the request lacks the header. */
export function header(request: S3Request, name: string): string | undefined {
  const value = request.message.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** A whole number from the query, limited to `max`. Throws S3Error InvalidArgument. */
export function queryNumber(request: S3Request, name: string, limits: { fallback: number; max: number }): number {
  const text = request.query.get(name);
  if (text === null) return limits.fallback;
  if (!/^\d+$/.test(text)) throw new S3Error('InvalidArgument', `${name} is no whole number.`);
  return Math.min(Number(text), limits.max);
}

type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlValue[];
export interface XmlTree {
  readonly [name: string]: XmlValue;
}

/**
 * An XML document in S3's namespace. An array becomes repeated elements, undefined becomes none.
 */
export function xmlDocument(root: string, content: XmlTree | string): string {
  const body = writeXml(root, content).replace(`<${root}>`, `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

/** The XML document of an error. The document has no namespace, as on S3. */
export function errorDocument(error: S3Error): string {
  const tree = { Code: error.code, Message: error.message, ...error.details };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeXml('Error', tree)}`;
}

function writeXml(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item: XmlValue) => writeXml(name, item)).join('');
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const children = Object.entries(value).map(([child, content]) => writeXml(child, content));
  return `<${name}>${children.join('')}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character);
}

/**
 * The contents of every element `name`. The function cannot parse an element inside an element of
 * the same name. Clients never send such a document.
 */
export function xmlElements(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g')), (match) => match[1] ?? '');
}

/** The text of the first element `name`, or undefined if there is none. */
export function xmlText(xml: string, name: string): string | undefined {
  return xmlElements(xml, name)[0]?.replaceAll(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (entity: string, decimal?: string, hex?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" }[entity] ?? entity;
    },
  );
}
