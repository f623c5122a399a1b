/** The provider's credentials in AWS Secrets Manager, where a service on AWS reads them. */
import { DescribeSecretCommand, paginateListSecretVersionIds, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { writeSecret, type SecretCredentials } from '../../aws/platform/secret.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { isoTime } from '../../lib/clock.ts';
import { askAws, clientOptions } from './errors.ts';

/**
 * Writes credentials as the current version of an existing secret, and returns the id of the
 * version. Errors: USAGE.
 */
export async function putCredentials(config: Config, secret: string, credentials: SecretCredentials): Promise<string> {
  return ask(config, secret, async (client) => {
    // This request fails if the secret does not exist. The command must not create a secret: no
    // service might read a secret of that name, or the secret would block the first deployment.
    await client.send(new DescribeSecretCommand({ SecretId: secret }));
    return writeSecret(client, secret, credentials);
  });
}

/**
 * Returns when the current version of a secret was written, in ISO 8601. Returns null if the secret
 * has no version. Errors: USAGE.
 */
export async function secretWrittenAt(config: Config, secret: string): Promise<string | null> {
  return ask(config, secret, async (client) => {
    for await (const { Versions = [] } of paginateListSecretVersionIds({ client }, { SecretId: secret })) {
      const current = Versions.find(({ VersionStages = [] }) => VersionStages.includes('AWSCURRENT'));
      if (current?.CreatedDate) return isoTime(current.CreatedDate.getTime());
    }
    return null;
  });
}

async function ask<Answer>(
  config: Config,
  secret: string,
  ask: (client: SecretsManagerClient) => Promise<Answer>,
): Promise<Answer> {
  const client = new SecretsManagerClient(clientOptions(config));
  const region = await client.config.region().catch(() => undefined);
  const missing = () =>
    new SyncError('USAGE', `there is no secret ${secret}${region === undefined ? '' : ` in ${region}`}`, {
      hint: 'Deploy the service first, which creates the secret, or correct its name or AWS_REGION.',
    });
  try {
    return await askAws(`use the secret ${secret}`, async () => ask(client), missing);
  } finally {
    client.destroy();
  }
}
