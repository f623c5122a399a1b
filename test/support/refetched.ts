import type { LoggedRequest } from '../../src/sim/gopro/index.ts';

/** Counts the media bytes that were sent to one run and then again to a later run. */
export interface RefetchCounter {
  /** Adds the requests of one run. Returns the number of bytes that were sent again so far. */
  add(requests: readonly LoggedRequest[]): number;
}

type Span = readonly [start: number, end: number];

export function createRefetchCounter(): RefetchCounter {
  const earlier = new Map<string, Span[]>();
  let again = 0;
  return {
    add: (requests) => {
      const spans = requests.filter(({ endpoint, method }) => endpoint === 'file' && method === 'GET').map(spanOf);
      for (const { file, span } of spans) again += overlap(union(earlier.get(file) ?? []), span);
      for (const { file, span } of spans) earlier.set(file, [...(earlier.get(file) ?? []), span]);
      return again;
    },
  };
}

function spanOf(request: LoggedRequest): { readonly file: string; readonly span: Span } {
  const start = Number(/^bytes=(\d+)-/.exec(request.range ?? '')?.[1] ?? 0);
  return { file: `${request.mediaId} ${request.file?.key}`, span: [start, start + request.bytesSent] };
}

function overlap(spans: readonly Span[], [start, end]: Span): number {
  return spans.reduce((sum, span) => sum + Math.max(0, Math.min(end, span[1]) - Math.max(start, span[0])), 0);
}

function union(spans: readonly Span[]): Span[] {
  const joined: [number, number][] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
