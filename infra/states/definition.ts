import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Fields = { readonly [name: string]: Json };

/** A rule of a Choice. If one of the comparisons is true, the machine goes on to the next state. */
export interface Rule {
  readonly Variable: string;
  readonly StringEquals?: string;
  readonly BooleanEquals?: boolean;
  readonly NumericGreaterThan?: number;
  readonly NumericLessThan?: number;
  readonly Next: string;
}

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
}

/** A state in the states language, with only the fields that our definition uses. */
export interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Choices?: readonly Rule[];
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly ResultPath?: string | null;
    readonly Next: string;
  }[];
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly InputPath?: string;
  readonly OutputPath?: string;
  readonly ResultPath?: string | null;
  readonly Result?: Json;
  readonly Parameters?: Fields;
  readonly ResultSelector?: Fields;
  readonly ItemSelector?: Fields;
  readonly ItemReader?: { readonly Parameters: Fields };
  readonly ItemProcessor?: Machine;
  readonly ResultWriter?: { readonly Parameters: Fields };
  readonly ToleratedFailurePercentage?: number;
  readonly MaxConcurrency?: number;
  readonly Label?: string;
  readonly Error?: string;
  readonly Cause?: string;
  readonly CausePath?: string;
}

export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
}

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly DefinitionString?: Reference; readonly FunctionName?: string };
}

type Reference =
  | string
  | { readonly 'Fn::Join': readonly [string, readonly Reference[]] }
  | { readonly Ref: string }
  | { readonly 'Fn::GetAtt': readonly [string, string] };

/**
 * Returns the definition of the state machine in a stack. Values that only a deployment knows are
 * replaced with invented values.
 */
export function definitionIn(stack: Stack): Machine {
  const { Resources } = Template.fromStack(stack).toJSON() as { readonly Resources: Readonly<Record<string, Resource>> };
  const machines = Object.values(Resources).filter(({ Type }) => Type === 'AWS::StepFunctions::StateMachine');
  const definition = machines[0]?.Properties.DefinitionString;
  if (definition === undefined || machines.length > 1) throw new Error('the stack must have exactly one state machine');
  return JSON.parse(joined(definition)) as Machine;

  function joined(value: Reference): string {
    if (typeof value === 'string') return value;
    if ('Fn::Join' in value) return value['Fn::Join'][1].map(joined).join(value['Fn::Join'][0]);
    if ('Ref' in value) return value.Ref === 'AWS::Partition' ? 'aws' : value.Ref;
    const [id] = value['Fn::GetAtt'];
    return `arn:aws:lambda:eu-west-3:111122223333:function:${Resources[id]?.Properties.FunctionName ?? id}`;
  }
}
