/** Removes secrets from everything that is printed or stored. */

const secretNames = /token|cookie|authorization|secret|password|signature|credential|key-pair-id|policy|x-amz-/i;
// Each pattern takes linear time: no match can begin inside the text that an earlier attempt read.
const secretParameters = /([?&][^?=&#\s"']*)=([^&#\s"']+)/g;
const jweShape = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){2,4}\b/g;
/** The user name and password in an address, for example of a proxy. */
const userInformation = /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]+@/gi;
const cookieShape = /\b(gp_access_token|gp_user_id)=[^;\s"']+/gi;
const bearerShape = /\b(Bearer)\s+[A-Za-z0-9._~+/=-]+/gi;

const knownSecrets = new Set<string>();

/**
 * Registers a value that is removed from now on. A short value is ignored, because removing it
 * would damage ordinary words.
 */
export function rememberSecret(value: string): void {
  if (value.length >= 8) knownSecrets.add(value);
}

/**
 * Removes known values, cookies, bearer tokens, JWE tokens, and the passwords and query values of
 * URLs.
 */
export function redactText(text: string): string {
  let clean = text;
  for (const secret of knownSecrets) clean = clean.replaceAll(secret, '[redacted]');
  return clean
    .replace(/\bhttps?:\/\/[^\s"'<>]+/gi, (url) => url.replace(secretParameters, '$1=[redacted]'))
    .replace(userInformation, '$1[redacted]@')
    .replace(cookieShape, '$1=[redacted]')
    .replace(bearerShape, '$1 [redacted]')
    .replace(jweShape, (token) => (token.split('.').length >= 3 && token.length >= 60 ? '[redacted]' : token));
}

/**
 * Copies plain data without secrets. A secret is recognised by the name of its field or by its
 * value.
 */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      secretNames.test(name) && typeof field === 'string' ? '[redacted]' : redact(field),
    ]),
  );
}
