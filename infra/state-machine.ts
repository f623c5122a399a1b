import { Duration, FeatureFlags } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { STEPFUNCTIONS_USE_DISTRIBUTED_MAP_RESULT_WRITER_V2 as resultWriterFlag } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { orchestratorRole } from './states/role.ts';
import { run, type RunOptions } from './states/run.ts';

export interface OrchestratorOptions extends RunOptions {
  /** Of the state machine; `gopro-sync-orchestrator` where nothing else has that name. */
  readonly name: string;
  readonly logGroup: ILogGroup;
}

/**
 * Longer than a run's deadline, so it ends only a run that hangs. The rule on ends notifies of it.
 */
const machineTimeout = Duration.hours(12);

/**
 * The state machine of one nightly run. Each function needs a time-out; buckets and topics must not
 * be encrypted with a customer's key. Throws without the feature flag, because CDK would silently
 * leave out the map's result writer, and the results would overflow the state.
 */
export function createOrchestrator(scope: Construct, options: OrchestratorOptions): StateMachine {
  if (!FeatureFlags.of(scope).isEnabled(resultWriterFlag)) throw new Error(`the context has to set ${resultWriterFlag} to true`);
  const states = new Construct(scope, 'OrchestratorStates');
  const machine = new StateMachine(scope, 'Orchestrator', {
    stateMachineName: options.name,
    stateMachineType: StateMachineType.STANDARD,
    comment: 'Archives what is new in a cloud library',
    definitionBody: DefinitionBody.fromChainable(run(states, options)),
    role: orchestratorRole(scope, options.name, options).withoutPolicyUpdates(),
    timeout: machineTimeout,
    tracingEnabled: true,
    logs: { destination: options.logGroup, level: LogLevel.ALL, includeExecutionData: false },
  });
  // CDK does not attach it to a role of ours: it is not in the template, only in the findings.
  machine.node.tryRemoveChild('DistributedMapPolicy');
  return machine;
}
