import type { Stage } from '../config/stages.ts';
import { functionNames, type FunctionName } from './contract.ts';

/** The names of the deployed resources. The infrastructure and the commands share these names. */

/**
 * Returns the name of a resource in a stage. In prod it is the plain name. Dev and staging can
 * share the account of prod, so their names begin with `cloud-sync-{stage}-`.
 */
export function nameIn(stage: Stage, plain: string): string {
  return stage === 'prod' ? plain : `cloud-sync-${stage}-${plain}`;
}

/** The objects in the bucket for runs, in the folder `runs/<execution name>/`. */
export const runFiles = {
  /** The progress of the listing. */
  listing: 'listing.json',
  /** The work lines of the run. */
  manifest: 'manifest.jsonl',
} as const;

export interface ResourceNames {
  readonly stateMachine: string;
  /** The name of the tracker's table. */
  readonly table: string;
  /** The name of the topic for notifications. */
  readonly topic: string;
  /** The name of the secret with the provider's credentials. */
  readonly secret: string;
  readonly functions: Readonly<Record<FunctionName, string>>;
  /** The name of the log group of each function. */
  readonly logGroups: Readonly<Record<FunctionName, string>>;
}

export function resourceNames(stage: Stage): ResourceNames {
  const functionName = (name: FunctionName) => nameIn(stage, stage === 'prod' ? `gopro-sync-${name}` : name);
  return {
    stateMachine: nameIn(stage, 'gopro-sync-orchestrator'),
    table: nameIn(stage, 'gopro-sync-tracker'),
    topic: nameIn(stage, 'gopro-sync-alerts'),
    secret: nameIn(stage, 'gopro/credentials'),
    functions: ofEach(functionName),
    logGroups: ofEach((name) => `/aws/lambda/${functionName(name)}`),
  };
}

function ofEach(nameOf: (name: FunctionName) => string): Readonly<Record<FunctionName, string>> {
  return Object.fromEntries(functionNames.map((name) => [name, nameOf(name)])) as Record<FunctionName, string>;
}
