import { Duration, FeatureFlags } from 'aws-cdk-lib';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { STEPFUNCTIONS_USE_DISTRIBUTED_MAP_RESULT_WRITER_V2 as resultWriterFlag } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { orchestratorRole } from './states/role.ts';
import { run, type RunOptions } from './states/run.ts';

export interface OrchestratorOptions extends RunOptions {
  /** The name of the state machine, such as `gopro-sync-orchestrator`. */
  readonly name: string;
  readonly logGroup: ILogGroup;
}

/**
 * This time-out is longer than the deadline of a run, so it ends only a run that hangs. The event
 * rule in alerts.ts then notifies a person.
 */
const machineTimeout = Duration.hours(12);

/**
 * Creates the state machine of the nightly run. Each function needs a time-out. Buckets and topics
 * must not be encrypted with a customer key. Throws if the CDK flag for the map's result writer is
 * not set. Without the flag CDK silently omits the writer, and the results do not fit into the
 * state.
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
  // CDK creates this policy but does not attach it to our own role. The policy is not in the
  // template, but the checks would report it.
  machine.node.tryRemoveChild('DistributedMapPolicy');
  return machine;
}
