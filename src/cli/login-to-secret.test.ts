import { describe, expect, test } from 'vitest';
import { refusal, startFakeAws, type FakeAnswers } from '../../test/support/fake-aws.ts';
import { startGoproCloud } from '../sim/gopro/index.ts';
import { runCli, temporaryDirectory } from '../../test/support/cli-process.ts';

async function login(answers: FakeAnswers, accessToken?: string) {
  await using cloud = await startGoproCloud({ preset: 'empty' });
  const { environment, asked } = await startFakeAws(answers);
  const home = temporaryDirectory();
  const input = `gp_access_token=${accessToken ?? cloud.accessToken}; gp_user_id=${cloud.userId}`;
  const result = await runCli(['login', 'gopro', '--to-secret', 'gopro/credentials'], {
    environment: { ...environment, CLOUD_SYNC_HOME: home, CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl },
    input,
  });
  return {
    ...result,
    asked,
    token: cloud.accessToken,
    userId: cloud.userId,
    status: await runCli(['doctor'], { environment: { CLOUD_SYNC_HOME: home, CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl } }),
  };
}

describe('login --to-secret', () => {
  const described = { body: { Name: 'gopro/credentials' } };

  test('login --to-secret stores accepted credentials only in the secret, and prints the version', async () => {
    const put = {
      body: { ARN: 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:x', Name: 'gopro/credentials', VersionId: 'version-7' },
    };
    const { exitCode, stdout, stderr, asked, token, userId, status } = await login({
      DescribeSecret: [described],
      PutSecretValue: [put],
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe('GoPro accepts the credentials. They are now version version-7 of the secret gopro/credentials.\n');
    expect(asked.map(({ operation }) => operation)).toEqual(['DescribeSecret', 'PutSecretValue']);
    expect(asked[1]!.request).toMatchObject({ SecretId: 'gopro/credentials' });
    expect(JSON.parse(String(asked[1]!.request['SecretString']))).toEqual({
      access_token: token,
      user_id: userId,
      last_updated: expect.stringMatching(/^\d{4}-/),
    });
    expect(status.stdout).toContain('there are no credentials');
  });

  test('login --to-secret sends no request to AWS for credentials that GoPro refuses', async () => {
    const { exitCode, stderr, asked } = await login({}, 'a-token-that-nobody-accepts-0123456789');
    expect({ exitCode, asked }).toEqual({ exitCode: 3, asked: [] });
    expect(stderr).toContain('unchanged');
    expect(stderr).not.toContain('a-token-that-nobody-accepts');
  });

  test.each([
    [
      'does not create a missing secret',
      { DescribeSecret: [refusal('ResourceNotFoundException')] },
      'no secret gopro/credentials in eu-west-3',
    ],
    [
      'fails if it may not write the secret',
      { DescribeSecret: [described], PutSecretValue: [refusal('AccessDeniedException')] },
      'gopro/credentials',
    ],
  ])('login --to-secret %s, and never shows the token', async (_what, answers, says) => {
    const { exitCode, stdout, stderr, token } = await login(answers);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain(token);
  });
});
