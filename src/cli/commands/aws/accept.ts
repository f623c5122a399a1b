import { commandsFor } from '../../../aws/commands.ts';
import type { Stage } from '../../../config/stages.ts';
import { jsonLine } from '../../../lib/log.ts';
import { acceptNames, describeAcceptance } from '../../archive/accept-names.ts';
import { openLedger } from '../../archive/open-ledger.ts';
import type { Context } from '../../command.ts';

/** Accepts files as they are in the ledger of the service. */
export async function runAwsAccept({ config, log, stdout, arguments: names }: Context): Promise<number> {
  const { json, env } = config.settings;
  const show = commandsFor({ stage: env as Stage });
  const commands = { listing: show('aws failures'), retry: show('aws retry') };
  await using ledger = await openLedger({ config, log }, 'table');
  const accepted = await acceptNames(ledger.tracker, names, commands);
  stdout.write(json ? jsonLine({ accepted }) : `${describeAcceptance(accepted, commands)}\n`);
  return 0;
}
