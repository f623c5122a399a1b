import { functionNames, type FunctionName } from './contract.ts';

/** How what is deployed is called, so that whoever deploys it and whoever looks for it agree. Pure. */

/** Where Cloud Sync is deployed. */
export const stages = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof stages)[number];

/**
 * The rule of names: prod has the account's plain names to itself, dev and staging share an account and put `cloud-sync-{stage}-` before each.
 */
export function nameIn(stage: Stage, plain: string): string {
  return stage === 'prod' ? plain : `cloud-sync-${stage}-${plain}`;
}

export interface ResourceNames {
  readonly stateMachine: string;
  /** The tracker's. */
  readonly table: string;
  /** Of notifications. */
  readonly topic: string;
  /** With the provider's credentials. */
  readonly secret: string;
  readonly functions: Readonly<Record<FunctionName, string>>;
  /** Where each function logs. */
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
