/**
 * An unsuccessful reply of the store, or an error of the network. A Refusal is the `cause` of a
 * SyncError.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** null if no reply came. Then the request may or may not have been carried out. */
  readonly status: number | null;
  /** The error code from S3 or from the network. */
  readonly code: string;
  /** The bucket's own region, if the reply names it. */
  readonly region: string | undefined;
  readonly retryAfter: string | undefined;
  /** The time of the store's clock, as an HTTP date. */
  readonly date: string | undefined;

  constructor(reply: {
    status: number | null;
    code: string;
    message: string;
    headers?: Readonly<Record<string, unknown>>;
    region?: string | undefined;
  }) {
    super(reply.message);
    this.status = reply.status;
    this.code = reply.code;
    this.region = regionOf(
      text(reply.headers?.['x-amz-bucket-region']) ??
        reply.region ??
        /expecting ['"]([A-Za-z0-9-]+)['"]/.exec(reply.message)?.[1],
    );
    this.retryAfter = text(reply.headers?.['retry-after']);
    this.date = text(reply.headers?.['date']);
  }
}

/** Old buckets and some stores name a region by its first letters. */
const oldRegions: Readonly<Record<string, string>> = { EU: 'eu-west-1', US: 'us-east-1' };

function regionOf(name: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : (oldRegions[name] ?? name.toLowerCase());
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * Reads the refusal from the XML of an error reply. For any other body the status is used as the
 * code.
 */
export function refusalFromReply(status: number, headers: Readonly<Record<string, unknown>>, body: string): Refusal {
  const element = (name: string): string | undefined => {
    const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
    return found === undefined ? undefined : plainText(found);
  };
  return new Refusal({
    status,
    code: element('Code') ?? String(status),
    message: element('Message') ?? `HTTP status ${status}`,
    headers,
    region: element('Region'),
  });
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#34;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** Replaces the entities that stores use in the XML of an error. */
function plainText(xml: string): string {
  return xml.replaceAll(/&(?:lt|gt|quot|apos|#34|#39|amp);/g, (entity) => entities[entity] ?? entity);
}

/** Converts an error of the SDK or of node:http into a refusal. */
export function refusalFromError(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const error = thrown as {
    name?: string;
    code?: string;
    message?: string;
    Region?: string;
    statusCode?: number;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  // A proxy that refuses a tunnel gives its status, and then no reply of the store comes.
  const status = error.$metadata?.httpStatusCode ?? (error.statusCode === 407 ? 407 : null);
  // A reply to HEAD has no body, so nothing names the error.
  const nameless = status !== null && /^(Unknown|UnknownError|Forbidden|\d+)$/.test(error.name ?? 'Unknown');
  if (nameless) return refusalFromReply(status, error.$response?.headers ?? {}, '');
  const code = error.code ?? error.name ?? 'unknown';
  return new Refusal({
    status,
    code,
    message: error.message || code,
    headers: error.$response?.headers ?? {},
    region: error.Region,
  });
}
