/** Finds GoPro's credentials in text from a browser. No message of this module quotes the text. */
import { SyncError, type Hint } from '../../errors.ts';
import { requestsOfHar, type HeaderLines } from './har.ts';
import { shellWords } from './shell-words.ts';

export interface ExtractedCredentials {
  readonly accessToken: string;
  readonly userId?: string;
  readonly userAgent?: string;
}

type Found = { -readonly [Field in keyof ExtractedCredentials]?: ExtractedCredentials[Field] };

/**
 * Finds credentials in text. The text may be a cookie header, copied request headers, a "copy as
 * cURL" command (bash or Windows), a HAR file, a bare token, or lines of NAME=value. Errors:
 * CREDENTIALS_MISSING, with what is missing.
 */
export function extractCredentials(text: string): ExtractedCredentials {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') throw missing('the input is empty');
  const har = requestsOfHar(trimmed);
  if (har) return fromHar(har);
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) throw missing('the input is JSON, but not a HAR file');
  const found = /(?:^|\s)curl(?:\.exe)?\s/i.test(trimmed) ? fromHeaders(headersOfCurl(trimmed)) : fromLines(trimmed);
  return complete(found, 'the input');
}

const copyHint: Hint = {
  text: 'In the browser open the developer tools, choose Network and any request to api.gopro.com, and use "Copy as cURL". Then run {command} and paste it.',
  command: 'login gopro',
};

function missing(what: string, hint: string | Hint = copyHint): SyncError {
  return new SyncError('CREDENTIALS_MISSING', what, { hint });
}

function complete({ accessToken, ...rest }: Found, what: string): ExtractedCredentials {
  if (accessToken) return { ...rest, accessToken };
  throw missing(
    rest.userId ? `${what} has the cookie gp_user_id, but not gp_access_token` : `${what} has no cookie gp_access_token`,
  );
}

function fromHar(requests: readonly HeaderLines[]): ExtractedCredentials {
  if (requests.length === 0)
    throw missing('the HAR file has no request to gopro.com', 'Record the file while you open your media library on gopro.com.');
  const signedIn = requests.map(fromHeaders).find(({ accessToken }) => accessToken);
  if (signedIn) return complete(signedIn, 'the HAR file');
  throw missing(
    'the HAR file has no cookie gp_access_token',
    'Choose "Export HAR (with sensitive data)", because browsers leave out cookies otherwise. "Copy as cURL" works too.',
  );
}

const headerFlags: ReadonlySet<string> = new Set(['-H', '--header']);
const cookieFlags: ReadonlySet<string> = new Set(['-b', '--cookie']);
const agentFlags: ReadonlySet<string> = new Set(['-A', '--user-agent']);

function headersOfCurl(command: string): HeaderLines {
  const words = shellWords(command);
  return words.flatMap((word, index) => {
    const value = words[index + 1] ?? '';
    if (headerFlags.has(word)) return [value];
    if (cookieFlags.has(word)) return [`cookie: ${value}`];
    return agentFlags.has(word) ? [`user-agent: ${value}`] : [];
  });
}

/**
 * Reads the fields from headers. The first value of each field wins. A bearer token counts only if
 * no cookie has a token.
 */
function fromHeaders(headers: HeaderLines): Found {
  const found: Found = {};
  let bearer: string | undefined;
  for (const header of headers) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*:\s*([\s\S]*)$/.exec(header) ?? [];
    if (name.toLowerCase() === 'cookie') Object.assign(found, { ...fromPairs(value.split(';')), ...found });
    if (name.toLowerCase() === 'user-agent' && value.trim()) found.userAgent ??= value.trim();
    if (name.toLowerCase() === 'authorization') bearer ??= /^Bearer\s+(\S+)/i.exec(value)?.[1];
  }
  if (bearer !== undefined) found.accessToken ??= bearer;
  return found;
}

function fromLines(text: string): Found {
  const lines = text.split(/\r?\n/);
  const found = {
    ...fromPairs(lines.flatMap((line) => line.replace(/^\s*(?:cookie|set-cookie)\s*:/i, '').split(';'))),
    ...fromHeaders(lines),
  };
  if (found.accessToken || found.userId) return found;
  const bare = /^(?:Bearer\s+)?([A-Za-z0-9._~+/-]{20,}=*)$/i.exec(text)?.[1];
  return bare === undefined ? found : { accessToken: bare };
}

const fieldNames: Readonly<Record<string, keyof Found>> = {
  gp_access_token: 'accessToken',
  gopro_access_token: 'accessToken',
  cloud_sync_gopro_access_token: 'accessToken',
  gp_user_id: 'userId',
  gopro_user_id: 'userId',
  cloud_sync_gopro_user_id: 'userId',
};

function fromPairs(pairs: readonly string[]): Found {
  const found: Found = {};
  for (const pair of pairs) {
    const [, name = '', value = ''] = /^\s*(?:export\s+|set\s+)?([\w-]+)\s*=\s*(.*?)\s*$/s.exec(pair) ?? [];
    const field = fieldNames[name.toLowerCase().replaceAll('-', '_')];
    const bare = value.replace(/^(["'])(.*)\1$/s, '$2');
    if (field && bare !== '') found[field] ??= bare;
  }
  return found;
}
