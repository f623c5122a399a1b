import { expect } from 'vitest';

/** Patterns that match cookies and the secret parts of signed URLs, but not `[redacted]`. */
const signed = [
  /gp_access_token=(?!\[redacted\])/,
  /Signature=(?!\[redacted\])/,
  /Key-Pair-Id=(?!\[redacted\])/,
  /KSIMULATEDCDN/,
];

/** Expects that a text holds no cookie, no signed URL and none of `values`. */
export function expectNoSecretsIn(text: string, values: Iterable<string>): void {
  const found = [
    ...[...values].filter((secret) => text.includes(secret)),
    ...signed.flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  ];
  expect(found.map((secret) => excerpt(text, secret))).toEqual([]);
}

function excerpt(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 100), at + 30);
}
