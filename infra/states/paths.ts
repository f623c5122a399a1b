import type { IResolvable } from 'aws-cdk-lib';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { keptFields, type Execution, type Message } from '../../src/aws/contract.ts';

/** A request or an input as the machine writes it: values, or paths to values. */
export type Written<Shape> = { readonly [Field in keyof Shape]: Shape[Field] | IResolvable };

/** The value at a path. */
export const at = (path: string): IResolvable => JsonPath.objectAt(path);

/** The execution that reads these paths. */
export const thisExecution: Execution = {
  arn: JsonPath.executionId,
  name: JsonPath.executionName,
  started_at: JsonPath.executionStartTime,
};

/** A result selector for the fields that the machine keeps. All other fields are dropped. */
export function selectorOf(message: Message): Readonly<Record<string, IResolvable>> {
  return Object.fromEntries(keptFields(message).map((field) => [field, at(`$.${field}`)]));
}
