import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/**
 * Records why `construct` needs the wildcard in `resource`, so that AwsSolutions-IAM5 accepts it.
 */
export function acknowledgeWildcard(construct: IConstruct, resource: string, reason: string): void {
  const shown = flattenCfnReference(Stack.of(construct).resolve(resource));
  Validations.of(construct).acknowledge({ id: `AwsSolutions-IAM5[Resource::${shown}]`, reason });
}
