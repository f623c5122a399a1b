import type { IResolvable } from 'aws-cdk-lib';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import type { Execution } from '../../src/aws/contract.ts';

/** A request or an input as the machine writes it: values, or paths to them. */
export type Written<Shape> = { readonly [Field in keyof Shape]: Shape[Field] | IResolvable };

/** The execution that reads these paths. */
export const thisExecution: Execution = {
  arn: JsonPath.executionId,
  name: JsonPath.executionName,
  started_at: JsonPath.executionStartTime,
};

/** A result selector of exactly these fields of a reply, so that what else a reply should ever hold does not travel on. */
export function fieldsOf<Reply>(...fields: readonly (keyof Reply & string)[]): { readonly [Field in keyof Reply]?: IResolvable } {
  return Object.fromEntries(fields.map((field) => [field, JsonPath.objectAt(`$.${field}`)])) as {
    [Field in keyof Reply]?: IResolvable;
  };
}
