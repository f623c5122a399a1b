import { Aws, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/**
 * Creates the secret for the provider's credentials. The template sets no value, so a deployment
 * never replaces credentials that a person wrote.
 */
export function createCredentials(
  scope: Construct,
  options: { readonly name: string; readonly withPolicy: 'resource-policy' | 'none' },
): secretsmanager.Secret {
  const secret = new secretsmanager.Secret(scope, 'Credentials', {
    secretName: options.name,
    description: "Cookies of the provider's web site. `cloud-sync login gopro --to-secret` writes them.",
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const resource = secret.node.defaultChild as secretsmanager.CfnSecret;
  resource.generateSecretString = undefined;
  if (options.withPolicy === 'resource-policy') secret.addToResourcePolicy(onlyThisAccount(secret));
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'Only a person can sign in and copy new cookies. An alarm watches the age of the cookies, and a notification tells when the provider refuses them.',
  });
  return secret;
}

/** Denies access from other accounts, even if a person later adds a statement that allows it. */
function onlyThisAccount(secret: secretsmanager.Secret): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecret'],
    resources: [secret.secretArn],
    conditions: { StringNotEquals: { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } },
  });
}
