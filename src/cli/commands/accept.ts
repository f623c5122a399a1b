import { jsonLine } from '../../lib/log.ts';
import { acceptNames, describeAcceptance } from '../archive/accept-names.ts';
import { openLedger } from '../archive/open-ledger.ts';
import type { Context } from '../command.ts';

const commands = {
  listing: '`cloud-sync list --status lost,quarantined` or `cloud-sync list --proof disputed`',
  retry: '`cloud-sync retry`',
};

/** Accepts files as they are, so that they no longer make a run fail. */
export async function runAccept(context: Context): Promise<number> {
  const { config, stdout, arguments: names } = context;
  await using ledger = await openLedger(context);
  const accepted = await acceptNames(ledger.tracker, names, commands);
  stdout.write(config.settings.json ? jsonLine({ accepted }) : `${describeAcceptance(accepted, commands)}\n`);
  return 0;
}
