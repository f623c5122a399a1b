import { CfnOutput, type Stack } from 'aws-cdk-lib';

/** Prints these values at the end of a deployment. CloudFormation also keeps them. */
export function addOutputs(stack: Stack, outputs: Readonly<Record<string, string>>): CfnOutput[] {
  return Object.entries(outputs).map(([id, value]) => new CfnOutput(stack, id, { value }));
}
