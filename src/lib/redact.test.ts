import { expect, test } from 'vitest';
import { redact, redactText, rememberSecret } from './redact.ts';

const jwe = `eyJhbGciOiJSU0EtT0FFUCJ9.${'a'.repeat(40)}.${'b'.repeat(16)}.${'c'.repeat(40)}.${'d'.repeat(22)}`;

test.each([
  ['a signed URL', 'GET https://cdn.example/v.mp4?Expires=17&Signature=abcdef&Key-Pair-Id=K123 failed', ['abcdef', 'K123']],
  ['a cookie header', 'cookie: gp_access_token=short-token; gp_user_id=5c0f', ['short-token', '5c0f']],
  ['a bearer token', 'authorization: Bearer abc.def-ghi', ['abc.def-ghi']],
  ['the password of a proxy', 'cannot reach http://user:pass-word@proxy.example:8080/', ['user', 'pass-word']],
  ['a token that is recognised by its shape', `the token ${jwe} was refused`, [jwe]],
])('these secrets are removed from a text: %s', (_what, text, secrets) => {
  const clean = redactText(text);
  for (const secret of secrets) expect(clean).not.toContain(secret);
  expect(clean).toContain('[redacted]');
});

test('a text without secrets stays as it is', () => {
  const text = 'archived gopro-videos/2024/07/GX010123__aB3dE5fG7hJ9k_01.mp4 from https://api.example/media/search in 1.5 s';
  expect(redactText(text)).toBe(text);
});

test('known values are removed everywhere, and secret fields are removed by their name', () => {
  rememberSecret('hunter2hunter2');
  expect(redact({ note: 'it is hunter2hunter2', accessToken: 'x', list: ['hunter2hunter2'], count: 3 })).toEqual({
    note: 'it is [redacted]',
    accessToken: '[redacted]',
    list: ['[redacted]'],
    count: 3,
  });
});
