import type { Proxies } from './proxies.ts';

/**
 * Takes a chunk of a body. The taker may use the chunk until the returned promise settles. The next
 * chunk comes after that.
 */
export type TakeChunk = (chunk: Uint8Array) => Promise<void> | undefined;

/** The body of a reply. The caller calls one of the two methods, and calls it once. */
export interface Body {
  /**
   * Hands the chunks to `take` as they arrive, and resolves when the body ends as announced.
   * Rejects with the error of the network, with the error that `take` threw, or with an HttpTimeout
   * if no byte arrived for `stallMs`, or too few bytes for twice that time, although the taker was
   * ready.
   */
  pump(take: TakeChunk): Promise<void>;
  /** Ends the reply without handing on its body. */
  discard(): void;
}

export interface Reply {
  readonly status: number;
  /** The headers. Their names are in lower case. Repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The request is aborted if no byte arrives for this many ms, or if the body brings less than
   * 64 KiB a minute for twice this time.
   */
  readonly stallMs: number;
  /**
   * True if the body may be large. Such a body comes in large chunks, whose memory is reused when
   * the taker is done with them. If a reply has a status of 300 or more and states no length, its
   * body is left out.
   */
  readonly bulk?: boolean;
  /** True if the request opens a new connection, so that the bytes may come another way. */
  readonly newConnection?: boolean;
  readonly signal?: AbortSignal;
}

/** Sends one request. Follows no redirects, and adds only headers that HTTP requires. */
export interface HttpClient {
  request(url: URL, options: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** No byte arrived for `stallMs`, or too few bytes, so the request was aborted. */
export class HttpTimeout extends Error {
  override readonly name = 'HttpTimeout';
}

export interface HttpClientOptions {
  /** The limit of connections to one host. Further requests wait in line. */
  readonly connections: number;
  /** Absent if all hosts are requested directly. */
  readonly proxies?: Proxies | undefined;
}
