import { describe, expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import { extractCredentials } from './extract.ts';

const token = `eyJhbGciOiJSU0EtT0FFUCJ9.${'Ab-_'.repeat(30)}.c2Vj.${'x9_Z'.repeat(20)}.dGFn`;
const userId = '5a11ed00-0000-4000-8000-00000000c10d';
const both = { accessToken: token, userId };
const cookie = `_ga=GA1.2.3; gp_access_token=${token}; theme=a%20b; gp_user_id=${userId}`;

const curlBash = `curl 'https://api.gopro.com/media/search?page=1' \\
  -H 'accept: application/json' \\
  -H $'x-note: it\\'s \\u0021' \\
  -H 'user-agent: Mozilla/5.0 (X11)' \\
  -b '${cookie}' \\
  --compressed`;

const curlCmd = `curl ^"https://api.gopro.com/media/search?page=1^&x=^%^20^" ^\r
  -H ^"accept: application/json^" ^\r
  -H ^"sec-ch-ua: ^\\^"Chromium^\\^";v=^\\^"141^\\^"^" ^\r
  -b ^"${cookie.replaceAll('%', '^%')}^" ^\r
  -H ^"user-agent: Mozilla/5.0 (X11)^"`;

function nameValues(record: object = {}): object[] {
  return Object.entries(record).map(([name, value]) => ({ name, value }));
}

function har(
  entries: readonly { readonly at: string; readonly url: string; readonly headers?: object; readonly cookies?: object }[],
): string {
  const toEntry = ({ at, url, headers, cookies }: (typeof entries)[number]) => ({
    startedDateTime: at,
    request: { url, headers: nameValues(headers), cookies: nameValues(cookies) },
  });
  return JSON.stringify({ log: { version: '1.2', entries: entries.map(toEntry) } });
}

describe('extractCredentials', () => {
  test.each([
    ['a cookie header', `Cookie: ${cookie}`, both],
    ['the value of a cookie header', cookie, both],
    [
      'copied request headers',
      `GET /media HTTP/2\nHost: api.gopro.com\nUser-Agent: Firefox\nCookie: ${cookie}\n`,
      { ...both, userAgent: 'Firefox' },
    ],
    ['cURL for bash with -b', curlBash, { ...both, userAgent: 'Mozilla/5.0 (X11)' }],
    ['cURL for bash with a cookie header', `curl "https://api.gopro.com" -H "Cookie: ${cookie}"`, both],
    ['cURL for the Windows prompt', curlCmd, { ...both, userAgent: 'Mozilla/5.0 (X11)' }],
    ['cURL with a bearer only', `curl https://api.gopro.com -H 'Authorization: Bearer ${token}'`, { accessToken: token }],
    ['a bare token', `${token}\n`, { accessToken: token }],
    ['lines of NAME=value', `export CLOUD_SYNC_GOPRO_ACCESS_TOKEN="${token}"\r\nCLOUD_SYNC_GOPRO_USER_ID=${userId}\r\n`, both],
    ['a token without a user id', `gp_access_token=${token}`, { accessToken: token }],
    ['text with a byte order mark', `\uFEFF${cookie}`, both],
  ])('credentials are found in %s', (_, text, expected) => {
    expect(extractCredentials(text)).toEqual(expected);
  });

  test('credentials come from the newest request to gopro.com in a HAR file, and not from other sites', () => {
    const text = har([
      {
        at: '2026-05-01T10:00:00Z',
        url: 'https://api.gopro.com/media/user',
        headers: { Cookie: `gp_access_token=old-token-old-token; gp_user_id=${userId}` },
      },
      {
        at: '2026-05-03T10:00:00Z',
        url: 'https://evil-gopro.com/',
        headers: { Cookie: 'gp_access_token=foreign-token-foreign' },
      },
      {
        at: '2026-05-02T10:00:00Z',
        url: 'https://api.gopro.com/media/user',
        cookies: { gp_access_token: token, gp_user_id: userId },
      },
    ]);
    expect(extractCredentials(text)).toEqual(both);
  });

  test.each([
    ['empty text', '  \n', 'empty'],
    ['a user id without a token', `gp_user_id=${userId}`, 'gp_user_id, but not gp_access_token'],
    ['a cookie header without the token', 'Cookie: _ga=GA1.2.3', 'no cookie gp_access_token'],
    [
      'a HAR file without cookies',
      har([{ at: '2026-05-01T10:00:00Z', url: 'https://api.gopro.com/media/user' }]),
      'HAR file has no cookie',
    ],
    ['a HAR file of another site', har([{ at: '2026-05-01T10:00:00Z', url: 'https://example.com/' }]), 'no request to gopro.com'],
    ['other JSON', '{"a": 1}', 'not a HAR file'],
    ['an empty token', 'gp_access_token=; gp_user_id=abc', 'not gp_access_token'],
  ])('%s is refused with an error that does not quote the text', (_, text, message) => {
    const error = thrownBy(() => extractCredentials(text));
    expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', exitCode: 3, message: expect.stringContaining(message) });
    expect(error.hint).toBeTruthy();
    expect(error.message + error.hint).not.toContain(userId);
  });
});

function thrownBy(action: () => unknown): SyncError {
  try {
    action();
  } catch (error) {
    if (error instanceof SyncError) return error;
  }
  throw new Error('no SyncError was thrown');
}
