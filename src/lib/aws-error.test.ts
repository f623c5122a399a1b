import { expect, test } from 'vitest';
import { readAwsError } from './aws-error.ts';

function answered(name: string): Error {
  return Object.assign(new Error('the service said so'), { name, $metadata: { httpStatusCode: 400 } });
}

test.each([
  ['ExpiredToken', 'credentials'],
  ['ExpiredTokenException', 'credentials'],
  ['SignatureDoesNotMatch', 'credentials'],
  ['AccessDenied', 'denied'],
  ['AccessDeniedException', 'denied'],
  ['ResourceNotFoundException', 'notFound'],
  ['NoSuchKey', 'notFound'],
  ['NoSuchBucket', 'other'],
  ['ThrottlingException', 'throttled'],
  ['RequestTimeTooSkewed', 'clockSkew'],
  ['InternalServerError', 'other'],
])('an error named %s is of the kind %s', (name, kind) => {
  expect(readAwsError(answered(name))).toEqual({ kind, code: name, message: 'the service said so' });
});

test('a network error is recognised by its code or its message', () => {
  const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
  expect(readAwsError(refused)).toEqual({ kind: 'unreachable', code: 'ECONNREFUSED', message: 'ECONNREFUSED' });
  expect(readAwsError(new Error('Region is missing'))).toMatchObject({ kind: 'noRegion' });
});

test.each([new TypeError('x is undefined'), 'text', undefined])('%s is not an error of AWS', (thrown) => {
  expect(readAwsError(thrown)).toBeUndefined();
});
