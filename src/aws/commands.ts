import { resourceNames } from './names.ts';
import type { Stage } from '../config/stages.ts';

/**
 * A text for a person, in which the commands of Cloud Sync are those for a deployment: `aws` ones name its stage unless it is prod, and `login` puts
 * the credentials into its secret instead of the store of a machine. Pure; twice is as once.
 */
export function adviceFor(stage: Stage, text: string, secret: string = resourceNames(stage).secret): string {
  const env = stage === 'prod' ? '' : ` --env ${stage}`;
  return text
    .replaceAll(/`(cloud-sync aws (?![^`]*--env )[^`]+)`/g, (_whole, command: string) => `\`${command}${env}\``)
    .replaceAll('`cloud-sync login gopro`', () => `\`cloud-sync login gopro --to-secret ${secret}\``);
}
