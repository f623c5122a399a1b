import type { IResolvable } from 'aws-cdk-lib';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { keptFields, type Execution, type Message } from '../../src/aws/contract.ts';

/** A request or an input as the machine writes it. Each field is a value, or a path to a value. */
export type Written<Shape> = { readonly [Field in keyof Shape]: Shape[Field] | IResolvable };

/** Refers to the value at a path. */
export const at = (path: string): IResolvable => JsonPath.objectAt(path);

/** Paths to the execution that is running. */
export const thisExecution: Execution = {
  arn: JsonPath.executionId,
  name: JsonPath.executionName,
  started_at: JsonPath.executionStartTime,
};

/** Returns a result selector that keeps the fields that the machine needs and drops all others. */
export function selectorOf(message: Message): Readonly<Record<string, IResolvable>> {
  return Object.fromEntries(keptFields(message).map((field) => [field, at(`$.${field}`)]));
}
