import type { Stage } from '../config/stages.ts';
import type { ShowCommand } from '../errors.ts';
import { resourceNames } from './names.ts';

/** The deployment that a command is for. */
export interface Deployment {
  readonly stage: Stage;
  /** The name of the secret with the provider's credentials. Default: that of the stage. */
  readonly secret?: string;
}

/**
 * Formats commands as a person types them for a deployment. `aws …` names the stage unless it is
 * prod, and `login …` writes to the deployment's secret.
 */
export function commandsFor({ stage, secret = resourceNames(stage).secret }: Deployment): ShowCommand {
  const options: Readonly<Record<string, string>> = {
    aws: stage === 'prod' ? '' : ` --env ${stage}`,
    login: ` --to-secret ${secret}`,
  };
  return (command) => `\`cloud-sync ${command}${options[command.split(' ', 1)[0]!] ?? ''}\``;
}
