import { removeCredentials } from '../../config/credentials/keep-credentials.ts';
import { clean } from '../../lib/log.ts';
import type { Context } from '../command.ts';
import { credentialOptions } from '../provider.ts';

/**
 * Removes the stored credentials and names the places. Errors: CREDENTIALS_MISSING or
 * CONFIG_UNREADABLE if a store cannot be asked, after the others were cleared.
 */
export async function runLogout(context: Context): Promise<number> {
  const { config, log, stdout } = context;
  const { removed, failures } = await removeCredentials(credentialOptions(context));
  for (const { description } of removed) stdout.write(`The credentials in ${clean(description)} are removed.\n`);
  const [first, ...others] = failures;
  for (const error of others) log.error(error.message, error.hint);
  if (first) throw first;
  if (removed.length === 0) stdout.write('There are no stored credentials for GoPro.\n');
  if (config.settings['gopro-access-token'] !== undefined)
    log.warn('CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set, so other commands still have credentials', 'Unset it.');
  return 0;
}
