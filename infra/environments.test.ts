import { expect, test } from 'vitest';
import { stages } from '../src/config/stages.ts';
import { readContext } from './context.ts';
import { environments, parseEnvironments } from './environments.ts';

const given = readContext;

test('the table of environments has a row for every stage', () => {
  expect(Object.keys(environments)).toEqual([...stages]);
});

test('prod has the settings that keep an archive cheap and safe', () => {
  expect(environments.prod).toMatchObject({
    encryption: 'sse-s3',
    storage: 'deep-archive',
    schedule: { timeZone: 'Europe/Paris', hour: 4, minute: 15 },
  });
});

test('the error about an unknown, missing or wrong setting of an environment names the setting', () => {
  const { dev, staging, prod } = environments;
  expect(() => parseEnvironments({ dev, staging, prod: { ...prod, storag: 'instant' } })).toThrow(/storag/);
  expect(() => parseEnvironments({ dev, staging, prod: { ...prod, schedule: { ...prod.schedule, second: 1 } } })).toThrow(
    /second/,
  );
  expect(() => parseEnvironments({ dev, staging, prod: { ...prod, mapConcurrency: undefined } })).toThrow(/mapConcurrency/);
  expect(() => parseEnvironments({ dev, staging, prod: { ...prod, storage: 'tape' } })).toThrow(/storage/);
  expect(() => parseEnvironments({ dev, staging, prod, test: prod })).toThrow(/test/);
  expect(() => parseEnvironments({ dev, staging })).toThrow(/prod/);
});

test('the error about an unknown or missing environment lists all environments', () => {
  expect(() => given({ env: 'production' })).toThrow(/dev\|staging\|prod/);
  expect(() => given({})).toThrow(/dev\|staging\|prod/);
});

test("a misspelt name of a setting is refused, and CDK's own settings are ignored", () => {
  expect(() => given({ env: 'dev', emial: 'you@example.com' })).toThrow(/emial/);
  expect(given({ env: 'dev', '@aws-cdk/core:enableStackNameDuplicates': true, 'aws-cdk:x': 1, 'cdk-migrate': true }).env).toBe(
    'dev',
  );
});

test('a value that is given with -c is parsed from its text and checked', () => {
  expect(
    given({ env: 'dev', emulator: 'true', sliceSeconds: '2.5', quarantineAfter: '1', functionEnvironment: '{"A":"b"}' }),
  ).toEqual({
    env: 'dev',
    archive: 'locked',
    emulator: true,
    sliceSeconds: 2.5,
    quarantineAfter: 1,
    functionEnvironment: { A: 'b' },
  });
  expect(given({ env: 'prod' })).toEqual({ env: 'prod', archive: 'locked', emulator: false, functionEnvironment: {} });
  expect(() => given({ env: 'dev', email: 'nobody' })).toThrow(/email/);
  expect(() => given({ env: 'dev', functionEnvironment: '{' })).toThrow(/functionEnvironment/);
  expect(() => given({ env: 'dev', downloaderTimeoutSeconds: 'soon' })).toThrow(/downloaderTimeoutSeconds/);
});
