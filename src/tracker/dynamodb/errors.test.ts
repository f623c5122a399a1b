import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import { asTrackerError } from './errors.ts';

/** An error as the SDK throws it for an answer of the service. */
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
])('the error %s gets a hint that says what to do', (name, hint) => {
  const error = asTrackerError(answered(name), 'my-table');
  expect(error).toMatchObject({ code: 'TRACKER_UNUSABLE', hint: expect.stringContaining(hint) });
  expect((error as SyncError).message).toContain('my-table');
});

test('a missing region, missing credentials and a broken network have different hints', () => {
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

test('an unknown error of the service becomes TRACKER_UNUSABLE, and an error of our own stays unchanged', () => {
  expect(asTrackerError(answered('InternalServerError'), 't')).toMatchObject({ code: 'TRACKER_UNUSABLE', hint: undefined });
  for (const fault of [new TypeError('x is undefined'), new SyncError('KEY_TAKEN', 'taken'), 'text'])
    expect(asTrackerError(fault, 't')).toBe(fault);
});
