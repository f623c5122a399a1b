/** Takes a chunk of a body. The sender waits for a promise; until then the chunk is the taker's. */
export type TakeChunk = (chunk: Uint8Array) => Promise<void> | undefined;

/** The body of a reply. Exactly one of the two must be called, once. */
export interface Body {
  /**
   * Hands on the body as it arrives and resolves at its clean end. Rejects with the network's
   * error, with an HttpTimeout after `stallMs` of silence while the taker was ready, or with what
   * `take` threw.
   */
  pump(take: TakeChunk): Promise<void>;
  /** Ends the reply without reading it. */
  discard(): void;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Silence after which the request is given up, in ms. */
  readonly stallMs: number;
  /**
   * The body may be large: it comes in large chunks whose memory is used again. A reply with a
   * status of 300 or more has no body if it does not say how long it is.
   */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

/** Never follows redirects, and adds no header of its own beyond HTTP's. */
export interface HttpClient {
  request(url: URL, options: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** No byte arrived for `stallMs`. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
}

export interface HttpClientOptions {
  /** Connections per host; requests beyond wait in line. */
  readonly connections: number;
  /** As in HTTP_PROXY and its kin; absent: no proxy. */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
}
