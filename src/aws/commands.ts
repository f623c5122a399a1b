import type { Stage } from '../config/stages.ts';
import type { ShowCommand } from '../errors.ts';
import { resourceNames } from './names.ts';

/** The deployment for which a command is shown. */
export interface Deployment {
  readonly stage: Stage;
  /**
   * The name of the secret with the provider's credentials. Default: the name of the secret in the
   * stage.
   */
  readonly secret?: string;
}

/**
 * Shows commands as a person has to type them for a deployment. A command `aws …` names the stage
 * unless the stage is prod. A command `login …` writes to the deployment's secret.
 */
export function commandsFor({ stage, secret = resourceNames(stage).secret }: Deployment): ShowCommand {
  const options: Readonly<Record<string, string>> = {
    aws: stage === 'prod' ? '' : ` --env ${stage}`,
    login: ` --to-secret ${secret}`,
  };
  return (command) => `\`cloud-sync ${command}${options[command.split(' ', 1)[0]!] ?? ''}\``;
}
