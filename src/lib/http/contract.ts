/**
 * Takes a chunk of a body. It owns the chunk until its promise settles, and the sender waits for
 * that.
 */
export type TakeChunk = (chunk: Uint8Array) => Promise<void> | undefined;

/** The body of a reply. The caller calls exactly one of the two methods, once. */
export interface Body {
  /**
   * Hands on the body as it arrives and resolves at its clean end. Rejects with the network's
   * error, with what `take` threw, or with an HttpTimeout when no byte arrived for `stallMs`
   * although the taker was ready.
   */
  pump(take: TakeChunk): Promise<void>;
  /** Ends the reply without reading it. */
  discard(): void;
}

export interface Reply {
  readonly status: number;
  /** Names are in lower case. Repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** The request is aborted after so many ms of silence. */
  readonly stallMs: number;
  /**
   * The body may be large: it comes in large chunks whose memory is used again. A reply with a
   * status of 300 or more has no body unless it states its length.
   */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

/** Sends one request. It follows no redirects and adds no headers beyond those of HTTP. */
export interface HttpClient {
  request(url: URL, options: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** No byte arrived for `stallMs`. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
}

export interface HttpClientOptions {
  /** The limit of connections per host. Further requests wait in line. */
  readonly connections: number;
  /** As in HTTP_PROXY and its relatives; absent: no proxy. */
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly no?: string };
}
