import { CfnOutput, type Stack } from 'aws-cdk-lib';

/** At the end of a deployment, and to whoever asks CloudFormation. */
export function addOutputs(stack: Stack, outputs: Readonly<Record<string, string>>): CfnOutput[] {
  return Object.entries(outputs).map(([id, value]) => new CfnOutput(stack, id, { value }));
}
