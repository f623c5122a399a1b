/** Reads the environment variables that decide how connections are made. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { SyncError } from '../errors.ts';
import type { AwsNetwork } from '../lib/aws-clients.ts';
import { parseNoProxy, type Proxies } from '../lib/http/proxies.ts';
import { rememberSecret } from '../lib/redact.ts';
import { checkAwsFiles } from './aws-files.ts';
import { regionShape } from './options/s3.ts';
import { wrongVariable, type Variables } from './system.ts';

/**
 * Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Their names in lower case count first. Returns
 * undefined if there is no proxy. Errors: USAGE for an address that is not a proxy's.
 */
export function readProxies(variables: Variables): Proxies | undefined {
  const http = readProxy('HTTP_PROXY', variables);
  const https = readProxy('HTTPS_PROXY', variables);
  if (!http && !https) return undefined;
  const [, without = ''] = findVariable('NO_PROXY', variables);
  return { ...(http && { http }), ...(https && { https }), bypass: parseNoProxy(without) };
}

function readProxy(upperName: string, variables: Variables): URL | undefined {
  const [name, text] = findVariable(upperName, variables);
  if (text === undefined) return undefined;
  const hint = `Set ${name} to the address of an HTTP proxy, such as http://proxy.example.com:8080, or unset it.`;
  const url = URL.parse(text.trim());
  // The message never quotes the text, because it may contain a password.
  if (!/^https?:\/\//i.test(text.trim()) || !url) {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text.trim())?.[1];
    const known = scheme === undefined || /^https?$/i.test(scheme);
    const problem = known
      ? 'is not an address that begins with http:// or https://'
      : `names a ${scheme} proxy, which Cloud Sync cannot use`;
    throw new SyncError('USAGE', `the environment variable ${name} ${problem}`, { hint });
  }
  decodePart(url.username, name);
  rememberSecret(url.password);
  rememberSecret(decodePart(url.password, name));
  return Object.assign(url, { pathname: '/', search: '', hash: '' });
}

function decodePart(part: string, name: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new SyncError('USAGE', `the user name or password in the environment variable ${name} is not percent-encoded`, {
      hint: 'Write each special character as its code. For example, % is %25 and @ is %40.',
      cause: error,
    });
  }
}

/** Returns the name that is set, and its value. An empty variable counts as unset. */
function findVariable(upperName: string, variables: Variables): readonly [name: string, value: string | undefined] {
  const name = [upperName.toLowerCase(), upperName].find((name) => variables[name]) ?? upperName;
  return [name, variables[name] || undefined];
}

/** Throws USAGE if Node cannot read NODE_EXTRA_CA_CERTS. Node would ignore the file. */
export function checkExtraCertificates({ NODE_EXTRA_CA_CERTS: path }: Variables): void {
  if (path) readCertificates(path, 'NODE_EXTRA_CA_CERTS');
}

/** What a command reaches: the archive on S3, or other services. */
export type AwsUse = 'archive' | 'services';

/** The ends of the variables `AWS_ENDPOINT_URL_…`. */
const endpointNames = { archive: ['S3'], services: ['DYNAMODB', 'SECRETS_MANAGER', 'SFN', 'CLOUDWATCH_LOGS'] };
/** The services that give credentials. */
const credentialEndpoints = ['STS', 'SSO', 'SSO_OIDC', 'SIGNIN'];
const defaultsModes = ['in-region', 'cross-region', 'mobile', 'standard', 'legacy', 'auto'];

/**
 * Checks the variables and files of AWS that its SDK would misread, and reads AWS_CA_BUNDLE.
 * Without `use` the endpoints of all services are checked. Errors:
 * USAGE, which names the wrong variable or file.
 */
export function readAwsNetwork(variables: Variables, proxies: Proxies | undefined, use?: AwsUse): AwsNetwork {
  const { AWS_REGION: region, AWS_DEFAULTS_MODE: mode, AWS_CA_BUNDLE: bundle } = variables;
  if (region && !regionShape.test(region)) {
    throw wrongVariable('AWS_REGION', `"${region}" is not the name of a region`, 'Set it to a name such as eu-west-3.');
  }
  if (mode && !defaultsModes.includes(mode.toLowerCase())) {
    throw wrongVariable('AWS_DEFAULTS_MODE', `"${mode}" is unknown`, `Set it to ${defaultsModes.join(', ')}, or unset it.`);
  }
  const used = use ? endpointNames[use] : Object.values(endpointNames).flat();
  for (const name of ['', ...credentialEndpoints, ...used].map((end) => `AWS_ENDPOINT_URL${end && `_${end}`}`)) {
    if (variables[name]) checkEndpoint(name, variables[name]);
  }
  const unreadable = checkAwsFiles(variables);
  const certificates = bundle ? readCertificates(bundle, 'AWS_CA_BUNDLE') : [];
  // Node trusts NODE_EXTRA_CA_CERTS anyway. A context with hundreds of certificates takes 50 ms.
  const isTrusted = bundle === variables['NODE_EXTRA_CA_CERTS'];
  return {
    ...(proxies && { proxies }),
    ...(unreadable && { unreadable }),
    ...(bundle && !isTrusted && { trust: trustOf(certificates) }),
  };
}

function checkEndpoint(name: string, value: string): void {
  if (/^https?:\/\//i.test(value) && URL.canParse(value)) return;
  const hint = 'Set it to an address that begins with http:// or https://, or unset it.';
  throw wrongVariable(name, `"${value}" is not an address`, hint);
}

/** Returns the certificates of a file. Errors: USAGE, which names the variable. */
function readCertificates(path: string, variable: string): string[] {
  try {
    const texts = readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (texts.length === 0) throw new Error(`${path} contains no certificate in the PEM format`);
    return texts.map((text) => new X509Certificate(text).toString());
  } catch (error) {
    const hint = 'Set it to a file with certificates in the PEM format, or unset it.';
    throw wrongVariable(variable, (error as Error).message, hint);
  }
}

/** Returns a context that trusts these certificates and those that Node trusts. */
function trustOf(certificates: readonly string[]): SecureContext {
  // Most commands need no TLS, and an import would load it for all of them.
  const tls = process.getBuiltinModule('node:tls');
  return tls.createSecureContext({ ca: [...tls.getCACertificates('default'), ...certificates] });
}
