/** Checks the configuration files of AWS, which its SDK would ignore without a word. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SyncError } from '../errors.ts';
import { findHome, wrongVariable, type Variables } from './system.ts';

/**
 * The variables that name files of the AWS SDK, and where these files are in the home otherwise.
 */
const awsFiles = { AWS_CONFIG_FILE: '.aws/config', AWS_SHARED_CREDENTIALS_FILE: '.aws/credentials' } as const;
const fileVariables = Object.keys(awsFiles);
/** Services that give credentials to a process, so that no profile is needed. */
const credentialServices = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
];

/**
 * Checks the files that a variable names, and those that hold the profile of AWS_PROFILE. Returns
 * why another file cannot be read, which matters only if no credentials are found. Errors: USAGE.
 */
export function checkAwsFiles(variables: Variables): string | undefined {
  const profile = variables['AWS_PROFILE'];
  const files = Object.entries(awsFiles).map(([variable, place]) => {
    const named = variables[variable];
    const path = named || join(findHome(fileVariables.join(' and ')), place);
    const error = whyUnreadable(path);
    const reason = error && `the configuration of AWS in ${path} cannot be read: ${error.message}`;
    if (reason === undefined || !(named || profile)) return { path, reason };
    const hint = `Correct the file or its permissions, or name another file with ${variable}.`;
    throw new SyncError('USAGE', reason, { hint, cause: error });
  });
  if (profile)
    checkProfile(
      profile,
      files.map(({ path }) => path),
      variables,
    );
  return files.find(({ reason }) => reason !== undefined)?.reason;
}

/** As for other tools of AWS, a missing file is an empty one. */
function whyUnreadable(path: string): Error | undefined {
  try {
    if (statSync(path).isDirectory()) return new Error('it is a directory');
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : (error as Error);
  }
}

/** The SDK would only say that no credentials were found. */
function checkProfile(profile: string, paths: readonly string[], variables: Variables): void {
  if (profile === 'default' || credentialServices.some((name) => variables[name])) return;
  const sections = paths.flatMap((path) => [...textOf(path).matchAll(/^\s*\[\s*(?:profile\s+)?["']?([^\]"']*?)["']?\s*\]/gm)]);
  if (sections.some(([, name]) => name === profile)) return;
  const problem = `${paths.join(' and ')} have no profile "${profile}"`;
  throw wrongVariable('AWS_PROFILE', problem, 'Set it to the name of a profile in these files, or unset it.');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
