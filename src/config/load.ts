/**
 * Makes one Config from flags, environment and config.toml. Other code of the CLI reads none of
 * these.
 */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { SyncError } from '../errors.ts';
import { explainAbsence } from '../lib/files/absence.ts';
import type { AwsNetwork } from '../lib/aws-clients.ts';
import type { Proxies } from '../lib/http/proxies.ts';
import { makeDirectories } from '../lib/files/make-directories.ts';
import { rememberSecret } from '../lib/redact.ts';
import { describeSystemError, systemErrorCode } from '../lib/files/system-error.ts';
import { didYouMean, nearest } from './nearest.ts';
import { checkExtraCertificates, readAwsNetwork, readProxies, type AwsUse } from './network.ts';
import { checkTimeZone, findHome, wrongVariable, type Variables } from './system.ts';
import { environmentName, options, type Settings } from './options.ts';
import type { OptionSpec } from './options/spec.ts';
import { keepOthersFromWriting, warnOfGroup } from './open-home.ts';
import { checkArchiveInHome, narrowHome } from './private-home.ts';
import { parseValue, type OptionValue, type RawValue } from './values.ts';

export type EnvironmentVariables = Variables;

/**
 * The flags as commander gives them, by the name of the option. A flag that was not given is
 * undefined.
 */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Config {
  /** An absolute path. The directory may not exist yet; `ensureHome` creates it. */
  readonly home: string;
  readonly settings: Settings;
  /** The proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Undefined if there is none. */
  readonly proxies: Proxies | undefined;
  /**
   * Returns how AWS is reached. Only a command that uses AWS may call it. Errors: USAGE if a
   * variable of AWS is wrong.
   */
  readonly awsNetwork: (use: AwsUse) => AwsNetwork;
  /** Whether CLOUD_SYNC_DEBUG is set. If so, the stacks of errors are printed. */
  readonly debug: boolean;
  /** Likely mistakes that do not stop the command. */
  readonly warnings: readonly string[];
}

/**
 * Takes each option from its flag, or else from the environment, config.toml or its default, in
 * this order. Creates nothing, but takes the permissions of other users from the files of the home.
 * Errors: USAGE for a wrong value or key, CONFIG_UNREADABLE.
 */
export async function loadConfig(flags: Flags, environment: EnvironmentVariables): Promise<Config> {
  const proxies = readProxies(environment);
  checkExtraCertificates(environment);
  const home = resolve(await homeOf(flags, environment));
  const openToOthers = keepOthersFromWriting(home);
  const file = await readConfigFile(join(home, 'config.toml'));
  const values: Record<string, OptionValue | undefined> = {};
  for (const spec of options) {
    const given = findValue(spec, flags, environment, file);
    // An empty secret is kept and refused later. If it counted as unset, other credentials would be
    // used without notice.
    if (spec.secret && given) {
      const secret = String(given.raw).trim();
      rememberSecret(secret);
      values[spec.name] = secret;
    } else values[spec.name] = given ? parseValue(spec, given.raw, given.where) : spec.default;
  }
  // Only a timetable depends on the time zone.
  if (String(values['bwlimit'] ?? '').includes(':')) checkTimeZone(environment);
  // The cast is safe, because each value was parsed as the type in its row of the option table.
  const settings = values as Settings;
  await checkArchiveInHome(home, settings.to);
  return {
    home,
    settings,
    proxies,
    awsNetwork: (use) => readAwsNetwork(environment, proxies, use),
    debug: isSet(environment['CLOUD_SYNC_DEBUG']),
    warnings: [
      ...openToOthers,
      ...(await narrowHome(home, settings.to)),
      ...warnOfGroup(home),
      ...warnOfUnknownVariables(environment),
    ],
  };
}

/** Creates the home with mode 0700. Errors: CONFIG_UNREADABLE. */
export async function ensureHome(home: string): Promise<void> {
  await makeDirectories(home, 0o700).catch((error: unknown) => {
    throw new SyncError('CONFIG_UNREADABLE', `cannot create the home directory ${home}: ${describeSystemError(error)}`, {
      hint: 'Set CLOUD_SYNC_HOME to a directory that you can write to.',
      cause: error,
    });
  });
}

async function homeOf(flags: Flags, environment: EnvironmentVariables): Promise<string> {
  const given = flags['home'] ?? environment['CLOUD_SYNC_HOME'];
  if (isSet(given)) return String(given);
  findHome('CLOUD_SYNC_HOME');
  const { default: envPaths } = await import('env-paths');
  const home = envPaths('cloud-sync', { suffix: '' }).data;
  if (isAbsolute(home)) return home;
  throw wrongVariable('XDG_DATA_HOME', 'it is not an absolute path', 'Set it to an absolute path, or unset it.');
}

interface GivenValue {
  readonly raw: RawValue;
  readonly where: string;
}

interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, RawValue>>;
}

function findValue(spec: OptionSpec, flags: Flags, environment: EnvironmentVariables, file: ConfigFile): GivenValue | undefined {
  const flag = flags[spec.name];
  if (flag !== undefined) return { raw: flag, where: `--${spec.name}` };
  const variable = environmentName(spec);
  const text = environment[variable];
  if (isSet(text) || (spec.secret && text !== undefined)) return { raw: text ?? '', where: variable };
  const value = file.values[spec.name];
  return value === undefined ? undefined : { raw: value, where: `${spec.name} in ${file.path}` };
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const link = explainAbsence(error, path);
    if (link === undefined && systemErrorCode(error) === 'ENOENT') return { path, values: {} };
    const hint = 'Check its permissions and whether its disk is mounted, or set CLOUD_SYNC_HOME to another directory.';
    const reason = link ?? describeSystemError(error);
    throw new SyncError('CONFIG_UNREADABLE', `cannot read ${path}: ${reason}`, { hint, cause: error });
  }
  const values: Record<string, RawValue> = {};
  for (const [key, value] of Object.entries(await parseToml(path, text))) values[key] = checkEntry(path, key, value);
  return { path, values };
}

/** Parses config.toml. The parser is imported only here, because most homes have no config.toml. */
async function parseToml(path: string, text: string): Promise<Record<string, unknown>> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason] = error.message.split('\n');
    const message = `${path}, line ${error.line}, column ${error.column}: ${reason}`;
    throw new SyncError('CONFIG_UNREADABLE', message, {
      hint: 'Correct that line. A line in TOML is `name = value`.',
      cause: error,
    });
  }
}

function checkEntry(path: string, key: string, value: unknown): RawValue {
  const spec = options.find(({ name }) => name === key);
  if (!spec) {
    const known = options.filter((option) => !option.secret && !option.notInFile).map(({ name }) => name);
    throw new SyncError('USAGE', `${path}: the key "${key}" is unknown${didYouMean(key, known)}`, {
      hint: 'Correct or remove the key. A key is the name of a long flag without its leading dashes.',
    });
  }
  if (spec.secret || spec.notInFile) {
    const hint = spec.secret
      ? `Remove the key. Run \`cloud-sync login gopro\` or set ${environmentName(spec)} instead.`
      : `Remove the key and set ${environmentName(spec)} instead.`;
    throw new SyncError('USAGE', `${path}: the key "${key}" is not allowed in this file`, { hint });
  }
  if (isRawValue(value)) return value;
  throw new SyncError('USAGE', `${path}: the value of "${key}" must be text, a number, true, false, or a list of texts`, {
    hint: `Write ${key} = "…".`,
  });
}

function isRawValue(value: unknown): value is RawValue {
  return Array.isArray(value) ? value.every(isScalar) : isScalar(value);
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof Date;
}

/** Makes a warning for each misspelt variable, because such a variable has no effect. */
function warnOfUnknownVariables(environment: EnvironmentVariables): string[] {
  const known = new Set([...options.map(environmentName), 'CLOUD_SYNC_DEBUG']);
  const unknown = Object.keys(environment).filter((name) => name.startsWith('CLOUD_SYNC_') && !known.has(name));
  return unknown.flatMap((name) => {
    const sameFlag = options.find((spec) => environmentName({ name: spec.name }) === name);
    const suggestion = sameFlag ? environmentName(sameFlag) : nearest(name, known);
    return suggestion === undefined ? [] : [`the environment variable ${name} is unknown; did you mean ${suggestion}?`];
  });
}

function isSet<Value>(value: Value | undefined): value is Value {
  return value !== undefined && value !== '';
}
