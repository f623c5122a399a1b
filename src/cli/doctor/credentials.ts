import { ageInDays, warnFromDays } from '../../config/credentials/age.ts';
import { otherStores } from '../../config/credentials/keep-credentials.ts';
import { loadCredentials } from '../../config/credentials/load-credentials.ts';
import type { StoreName } from '../../config/credentials/store.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Context } from '../command.ts';
import { credentialOptions, openApiClient, openSource } from '../provider.ts';
import { check, type Finding } from './finding.ts';

const nouns: Readonly<Record<StoreName, string>> = { keychain: 'keychain', age: 'encrypted file', file: 'plain file' };

/** Shows where the credentials come from, how old they are and whether the API accepts them. */
export async function checkCredentials(context: Context): Promise<readonly Finding[]> {
  return check('credentials', async () => {
    const findings: Omit<Finding, 'subject'>[] = [];
    const warn = (message: string, advice?: string) =>
      void findings.push({ level: 'warn', message, ...(advice !== undefined && { advice }) });
    const options = { ...credentialOptions(context), warn };
    const credentials = await loadCredentials(options);
    for (const { name, description, problem } of await otherStores(options, credentials.origin)) {
      const also = `there are also credentials in ${description}`;
      findings.push({ level: 'ok', message: problem === undefined ? also : `the ${nouns[name]} is not used: ${problem}` });
    }
    const days = ageInDays(credentials, systemClock.now());
    const age = days === undefined ? '' : `, stored ${days < 1 ? 'today' : `${Math.floor(days)} days ago`}`;
    if (days !== undefined && days >= warnFromDays)
      warn(
        `the credentials are ${Math.floor(days)} days old; GoPro's cookies last at most 7 days`,
        'Renew them with `cloud-sync login gopro`.',
      );
    const http = openApiClient(context.config);
    try {
      await openSource(context.config, { credentials, http, onWarning: warn }).validate(context.interruption.signal);
    } finally {
      await http.close();
    }
    return [
      {
        level: 'ok',
        message: `GoPro accepts the credentials from ${credentials.origin}${age}${credentials.userId === undefined ? ', without a user id' : ''}`,
      },
      ...findings,
    ];
  });
}
