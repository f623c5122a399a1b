import type { Stage } from '../config/stages.ts';
import { functionNames, type FunctionName } from './contract.ts';

/** The names of the deployed resources, shared by the infrastructure and the commands. */

/**
 * Prod has the plain names. Dev and staging can share its account, so their names begin with
 * `cloud-sync-{stage}-`.
 */
export function nameIn(stage: Stage, plain: string): string {
  return stage === 'prod' ? plain : `cloud-sync-${stage}-${plain}`;
}

export interface ResourceNames {
  readonly stateMachine: string;
  /** The table of the tracker. */
  readonly table: string;
  /** The topic of notifications. */
  readonly topic: string;
  /** The secret with the provider's credentials. */
  readonly secret: string;
  readonly functions: Readonly<Record<FunctionName, string>>;
  /** The log group of each function. */
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
