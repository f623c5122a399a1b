import { badInputTests, signedIn, token, type BadInput } from '../../test/support/bad-input.ts';
import { awsEnvironment } from '../../test/support/fake-aws.ts';

const noAws = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' };

const cases: readonly BadInput[] = [
  {
    what: 'a sync without credentials',
    args: ['sync', '--to', '{dir}/a'],
    exitCode: 3,
    says: ['no credentials', 'login gopro'],
  },
  {
    what: 'a user id without a token',
    args: ['sync', '--to', '{dir}/a'],
    environment: { CLOUD_SYNC_GOPRO_USER_ID: 'someone' },
    exitCode: 3,
    says: ['CLOUD_SYNC_GOPRO_USER_ID', 'without CLOUD_SYNC_GOPRO_ACCESS_TOKEN'],
  },
  {
    what: 'an empty token',
    args: ['sync', '--to', '{dir}/a'],
    environment: { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: '' },
    exitCode: 3,
    says: ['CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set but empty', 'gp_access_token'],
  },
  {
    what: 'an expired cookie',
    args: ['sync', '--to', '{dir}/a'],
    environment: { ...signedIn, CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'login gopro'],
  },
  {
    what: 'a login without the token cookie',
    args: ['login', 'gopro'],
    input: 'gp_user_id=someone',
    exitCode: 3,
    says: ['gp_user_id, but not gp_access_token', 'Copy as cURL'],
  },
  {
    what: 'a login with a HAR file without cookies',
    args: ['login', 'gopro'],
    input: '{"log":{"entries":[{"request":{"url":"https://api.gopro.com/media/user","headers":[],"cookies":[]}}]}}',
    exitCode: 3,
    says: ['HAR file has no cookie', 'sensitive data'],
  },
  {
    what: 'a login for a secret with empty input',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: '',
    exitCode: 3,
    says: ['input is empty', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login for a secret without the token cookie',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: 'gp_user_id=someone',
    exitCode: 3,
    says: ['not gp_access_token', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login for a secret with a token that no cookie can hold',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: 'gp_access_token=a,b',
    exitCode: 3,
    says: ['no cookie can hold', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login with an expired cookie',
    args: ['login', 'gopro'],
    input: token,
    environment: { CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'unchanged'],
  },
  {
    what: 'a login from a missing file',
    args: ['login', 'gopro', '--file', '{dir}/none.har'],
    exitCode: 2,
    says: ['cannot read', '{dir}/none.har'],
  },
  {
    what: 'a malformed machine ARN',
    args: ['aws', 'run', '--machine', 'arn:aws:lambda:eu-west-3:1:function:x'],
    exitCode: 2,
    says: ['--machine', 'arn:aws:lambda', 'stateMachine:NAME'],
  },
  {
    what: 'a missing AWS region',
    args: ['aws', 'run'],
    environment: noAws,
    exitCode: 2,
    says: ['Region is missing', 'AWS_REGION'],
  },
  {
    what: 'a lack of AWS credentials',
    args: ['aws', 'run'],
    environment: { ...noAws, AWS_REGION: 'eu-west-3' },
    exitCode: 2,
    says: ['state machine', 'Set or renew the AWS credentials'],
  },
  {
    what: 'a table without a region',
    args: ['aws', 'status'],
    environment: noAws,
    exitCode: 2,
    says: ['gopro-sync-tracker', 'AWS_REGION'],
  },
  {
    what: 'an unreachable table for a new archive',
    args: ['sync', '--tracker', 'dynamodb', '--to', '{dir}/a'],
    environment: { ...signedIn, ...awsEnvironment, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    exitCode: 2,
    says: ['gopro-sync-tracker', 'Check the network'],
  },
  {
    what: 'a login for a secret with an expired cookie',
    args: ['login', 'gopro', '--to-secret', 'gopro/credentials'],
    input: token,
    environment: { ...noAws, CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'unchanged'],
  },
];

badInputTests(cases);
