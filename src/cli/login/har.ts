import { z } from 'zod';
import { parseJson } from '../../lib/json.ts';

const pairs = z.array(z.object({ name: z.string(), value: z.string() })).catch([]);

/** The fields of a HAR file (HTTP Archive 1.2) that are used here. */
const harFile = z.object({
  log: z.object({
    entries: z.array(
      z.object({ startedDateTime: z.string().catch(''), request: z.object({ url: z.string(), headers: pairs, cookies: pairs }) }),
    ),
  }),
});

/** The headers of a request, each as `name: value`. */
export type HeaderLines = readonly string[];

/**
 * Returns the headers of all requests to gopro.com, newest first. Returns undefined if the text is
 * not a HAR file.
 */
export function requestsOfHar(text: string): readonly HeaderLines[] | undefined {
  const parsed = harFile.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const entries = parsed.data.log.entries.filter(({ request }) => isGopro(request.url));
  return entries
    .toSorted((a, b) => Date.parse(b.startedDateTime) - Date.parse(a.startedDateTime))
    .map(({ request }) => {
      const headers = request.headers.map(({ name, value }) => `${name}: ${value}`);
      const cookies = request.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
      return cookies === '' ? headers : [...headers, `cookie: ${cookies}`];
    });
}

function isGopro(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? '';
  return host === 'gopro.com' || host.endsWith('.gopro.com');
}
