import type { Stage } from '../config/stages.ts';
import type { ShowCommand } from '../errors.ts';
import { resourceNames } from './names.ts';

/** Which deployment a command is for. */
export interface Deployment {
  readonly stage: Stage;
  /** Name of the secret with the provider's credentials; by default the stage's own. */
  readonly secret?: string;
}

/**
 * Shows commands as they are typed for a deployment: `aws …` names the stage unless it is prod,
 * `login …` writes to the deployment's secret.
 */
export function commandsFor({ stage, secret = resourceNames(stage).secret }: Deployment): ShowCommand {
  const options: Readonly<Record<string, string>> = {
    aws: stage === 'prod' ? '' : ` --env ${stage}`,
    login: ` --to-secret ${secret}`,
  };
  return (command) => `\`cloud-sync ${command}${options[command.split(' ', 1)[0]!] ?? ''}\``;
}
