import { Duration, FeatureFlags } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { STEPFUNCTIONS_USE_DISTRIBUTED_MAP_RESULT_WRITER_V2 as resultWriterFlag } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { orchestratorRole } from './states/role.ts';
import { run, type RunOptions } from './states/run.ts';

export interface OrchestratorOptions extends RunOptions {
  /**
   * The name of the state machine: `gopro-sync-orchestrator` unless another machine has that name.
   */
  readonly name: string;
  readonly logGroup: ILogGroup;
}

/**
 * Longer than the deadline of a run, so it only ends a run that hangs. The rule on silent ends then
 * notifies.
 */
const machineTimeout = Duration.hours(12);

/**
 * The state machine of one nightly run. Each function needs a time-out. Buckets and topics must not
 * be encrypted with a customer's key. Throws without the feature flag: CDK would then silently omit
 * the map's result writer, and the results would not fit into the state.
 */
export function createOrchestrator(scope: Construct, options: OrchestratorOptions): StateMachine {
  if (!FeatureFlags.of(scope).isEnabled(resultWriterFlag)) throw new Error(`the context must set ${resultWriterFlag} to true`);
  const states = new Construct(scope, 'OrchestratorStates');
  const machine = new StateMachine(scope, 'Orchestrator', {
    stateMachineName: options.name,
    stateMachineType: StateMachineType.STANDARD,
    comment: 'Archives the new media of a cloud library',
    definitionBody: DefinitionBody.fromChainable(run(states, options)),
    role: orchestratorRole(scope, options.name, options).withoutPolicyUpdates(),
    timeout: machineTimeout,
    tracingEnabled: true,
    logs: { destination: options.logGroup, level: LogLevel.ALL, includeExecutionData: false },
  });
  // CDK does not attach this policy to our own role. It is missing from the template, but appears
  // in the findings.
  machine.node.tryRemoveChild('DistributedMapPolicy');
  return machine;
}
