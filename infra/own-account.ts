import { Aws } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';

/**
 * A service of AWS that acts for this account. Other accounts can use the same service, so without
 * this condition another account could make the service act here. `sourceArn` also names the
 * resource for which the service acts.
 */
export function ownAccount(service: string, { sourceArn }: { readonly sourceArn?: string } = {}): ServicePrincipal {
  return new ServicePrincipal(service, {
    conditions: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
      ...(sourceArn !== undefined && { ArnEquals: { 'aws:SourceArn': sourceArn } }),
    },
  });
}
