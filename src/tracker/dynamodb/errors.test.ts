import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import { asTrackerError } from './errors.ts';

/** As the SDK throws what the service answered. */
function answered(name: string): Error {
  return Object.assign(new Error('the service said so'), { name, $metadata: { httpStatusCode: 400 } });
}

test.each([
  ['ResourceNotFoundException', 'region'],
  ['AccessDeniedException', 'dynamodb:GetItem'],
  ['ExpiredTokenException', 'Set or renew the AWS credentials'],
  ['UnrecognizedClientException', 'Set or renew the AWS credentials'],
  ['ThrottlingException', 'Try again later'],
  ['ProvisionedThroughputExceededException', 'Try again later'],
  ['ValidationException', 'media_id'],
])('%s says what to do', (name, hint) => {
  const error = asTrackerError(answered(name), 'my-table');
  expect(error).toMatchObject({ code: 'TRACKER_UNUSABLE', hint: expect.stringContaining(hint) });
  expect((error as SyncError).message).toContain('my-table');
});

test('no region, no credentials and no network are told apart', () => {
  const credentials = Object.assign(new Error('Could not load credentials from any providers'), {
    name: 'CredentialsProviderError',
  });
  const network = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const hints = [new Error('Region is missing'), credentials, network].map(
    (error) => (asTrackerError(error, 't') as SyncError).hint,
  );
  expect(hints).toEqual([
    expect.stringContaining('AWS_REGION'),
    expect.stringContaining('credentials'),
    expect.stringContaining('network'),
  ]);
});

test('an unknown answer of the service is TRACKER_UNUSABLE, a fault of ours stays what it is', () => {
  expect(asTrackerError(answered('InternalServerError'), 't')).toMatchObject({ code: 'TRACKER_UNUSABLE', hint: undefined });
  for (const fault of [new TypeError('x is undefined'), new SyncError('KEY_TAKEN', 'taken'), 'text'])
    expect(asTrackerError(fault, 't')).toBe(fault);
});
