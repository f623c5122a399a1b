import { expect, test } from 'vitest';
import { readCaught, reasonOf } from './caught.ts';

const thrown = (errorType: string, errorMessage: string) =>
  JSON.stringify({ errorType, errorMessage, trace: ['at handler (index.mjs:1:1)'] });

test.each([
  ['Sandbox.Timedout', thrown('Sandbox.Timedout', 'Task timed out after 900.00 seconds'), 'Sandbox.Timedout', 'in its time'],
  [
    'Lambda.Unknown',
    '{"errorMessage":"2026-11-21 Task timed out after 900.00 seconds"}',
    'Lambda.Unknown',
    'out of time or memory',
  ],
  ['Runtime.ExitError', thrown('Runtime.ExitError', 'signal: killed'), 'Runtime.ExitError', 'memory'],
  ['Runtime.HandlerError', thrown('TypeError', 'x is undefined'), 'TypeError', 'unexpected'],
  ['Runtime.HandlerError', thrown('CloudSync.BUG', 'x is undefined'), 'CloudSync.BUG', 'unexpected'],
  ['BUG', 'x is undefined', 'BUG', 'unexpected'],
  ['Lambda.TooManyRequestsException', 'Rate Exceeded.', 'Lambda.TooManyRequestsException', 'at once'],
  ['States.ItemReaderFailed', 'Failed to parse line 3', 'States.ItemReaderFailed', 'list of work'],
  ['States.Timeout', '', 'States.Timeout', 'in its time'],
  ['', '', 'unknown', 'unexpected'],
  ['toString', '', 'toString', 'unexpected'],
])('the caught error "%s" with the cause "%s" is explained as an error of the platform', (Error, Cause, name, what) => {
  expect(readCaught({ Error, Cause })).toMatchObject({ code: undefined, name, what: expect.stringContaining(what) });
});

test.each(['DESTINATION_UNUSABLE', 'CREDENTIALS_EXPIRED', 'LISTING_UNTRUSTED'] as const)(
  'the caught error %s is recognised as an error of Cloud Sync',
  (code) => {
    expect(readCaught({ Error: code, Cause: 'what happened. What to do.' })).toMatchObject({
      code,
      name: code,
      detail: 'what happened. What to do.',
    });
  },
);

test('the reason of a caught error names the error and quotes its message', () => {
  const caught = readCaught({ Error: 'Lambda.Unknown', Cause: thrown('Sandbox.Timedout', 'Task timed out after 3.00 seconds') });
  expect(reasonOf(caught)).toBe('a function did not finish in its time (Sandbox.Timedout): Task timed out after 3.00 seconds');
  expect(reasonOf(readCaught({ Error: 'States.Timeout', Cause: '' }))).toMatch(/\(States\.Timeout\)$/);
});

test('the detail of a caught error is cut and contains no secrets and no control characters', () => {
  const Cause = thrown('Error', `GET https://cdn.example/file?Signature=abcdef ${'x'.repeat(5_000)}\n`);
  const { detail } = readCaught({ Error: 'Error', Cause });
  expect(detail).not.toContain('abcdef');
  expect(detail.length).toBeLessThanOrEqual(300);
  expect(readCaught({ Error: 'Error', Cause: 'one\u0007two' }).detail).toBe('one\\u0007two');
});

test.each(['[1]', '"text"', 'null', '{"errorMessage":7}', '{broken'])(
  'the Cause %s is quoted unchanged, because it is not the JSON of a Lambda error',
  (Cause) => {
    expect(readCaught({ Error: 'Oops', Cause })).toMatchObject({ name: 'Oops', detail: Cause });
  },
);
