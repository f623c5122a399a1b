import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runSeconds, type Execution } from '../../src/aws/contract.ts';
import { environmentNames } from '../../src/aws/platform/environment.ts';
import { handler } from '../../src/aws/functions/run-manager.ts';
import { createTrackerTable } from '../support/tracker-table.ts';
import { startAws, type Aws } from './support/aws.ts';

/** The function `run-manager` as Lambda calls it, with buckets, a table and an environment. */

let aws: Aws;
const names = { bucket: '', runs: '', table: '' };

beforeAll(async () => {
  aws = await startAws();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await aws?.[Symbol.asyncDispose]();
});

/** Makes an empty deployment for each test. */
beforeEach(async () => {
  for (const name of ['bucket', 'runs', 'table'] as const) names[name] = `${name}-${randomUUID()}`;
  for (const Bucket of [names.bucket, names.runs]) await aws.s3.send(new CreateBucketCommand({ Bucket }));
  await createTrackerTable(aws.dynamodb, names.table);
  const variables = {
    ...aws.environment,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    [environmentNames.stage]: 'dev',
    [environmentNames.table]: names.table,
    [environmentNames.archiveBucket]: names.bucket,
    [environmentNames.runsBucket]: names.runs,
    [environmentNames.secret]: 'cloud-sync-dev-gopro/credentials',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
});

const context = { getRemainingTimeInMillis: () => 60_000 };

function newExecution(): Execution {
  const name = `night-${randomUUID().slice(0, 8)}`;
  const arn = `arn:aws:states:us-east-1:000000000000:execution:cloud-sync-dev-gopro-sync-orchestrator:${name}`;
  return { arn, name, started_at: new Date().toISOString() };
}

async function keysIn(bucket: string): Promise<readonly (string | undefined)[]> {
  const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key);
}

describe('a run', () => {
  test('a run begins in an empty deployment, makes the archive, is counted, and frees its lease for the next run', async () => {
    const execution = newExecution();
    const begun = await handler({ action: 'begin', input: {}, execution }, context);
    const deadline = new Date(Date.parse(execution.started_at) + runSeconds * 1000).toISOString();
    expect(begun).toMatchObject({ outcome: 'granted', provider: 'gopro', deadline, holder: execution.arn });
    expect(await keysIn(names.bucket)).toContain('.cloud-sync/archive.json');

    const counts = { total_found: 0, new_count: 0, cookie_age_days: 6.2 };
    const summary = await handler({ action: 'summarise', provider: 'gopro', execution, ...counts }, context);
    expect(summary).toMatchObject({ outcome: 'notice', subject: 'Cloud Sync (dev): the GoPro cookies are 6 days old' });
    expect(summary).toMatchObject({ message: expect.stringContaining('--to-secret cloud-sync-dev-gopro/credentials') });

    const next = newExecution();
    expect(await handler({ action: 'begin', input: {}, execution: next }, context)).toMatchObject({ outcome: 'granted' });
  });

  const allFields = { outcome: 'failed', provider: '', trigger: '', full_listing: false, deadline: '', holder: '' };

  test('a run with a wrong input does not begin and makes nothing, and the reply to its end says what to do', async () => {
    const request = { input: { provider: 'dropbox' }, execution: newExecution() };
    const reply = (await handler({ action: 'begin', ...request }, context)) as { readonly error: object };
    expect(reply).toEqual({
      ...allFields,
      error: { Error: 'USAGE', Cause: expect.stringContaining('Start an execution with {}') },
    });
    expect(await keysIn(names.bucket)).toEqual([]);
    expect(await handler({ action: 'end', ...request, error: reply.error }, context)).toMatchObject({
      notify: true,
      error: { Error: expect.stringContaining('(USAGE)'), Cause: expect.stringContaining('Start an execution with {}') },
    });
  });

  test.each([
    [environmentNames.archiveBucket, 'DESTINATION_UNUSABLE'],
    [environmentNames.table, 'TRACKER_UNUSABLE'],
  ])(
    'a run does not begin if the bucket or table that `%s` names is missing, and the reply to its end contains the name',
    async (variable, code) => {
      vi.stubEnv(variable, 'nothing-of-that-name');
      const request = { input: {}, execution: newExecution() };
      const reply = (await handler({ action: 'begin', ...request }, context)) as { readonly error: object };
      expect(reply).toEqual({ ...allFields, error: { Error: code, Cause: expect.stringContaining('nothing-of-that-name') } });
      expect(await handler({ action: 'end', ...request, error: reply.error }, context)).toMatchObject({
        notify: true,
        error: { Error: expect.stringContaining(code), Cause: expect.stringContaining('nothing-of-that-name') },
      });
    },
  );

  test('if a run never began, each of its steps replies with an error and lists no failed media', async () => {
    const execution = newExecution();
    const counts = { total_found: 0, new_count: 0, cookie_age_days: null };
    const error = { Error: 'ARCHIVE_UNKNOWN', Cause: expect.stringContaining('no archive is there') };
    expect(await handler({ action: 'summarise', provider: 'gopro', execution, ...counts }, context)).toEqual({
      outcome: 'failed',
      subject: '',
      message: '',
      archived_files: 0,
      failed_files: 0,
      error,
    });
    const caught = { Error: 'States.Timeout' };
    const mark = {
      action: 'mark-failed',
      provider: 'gopro',
      line: { line: 1, media: ['m'] },
      owner: 'child',
      execution,
      error: caught,
    };
    expect(await handler(mark, context)).toEqual({ outcome: 'failed', media: [], quarantined: 0, error });
  });
});

test.each([[{}], [{ action: 'rest' }], [{ action: 'begin', input: {} }]])('the event %j is refused as a bug', async (event) => {
  await expect(handler(event, context)).rejects.toMatchObject({ name: 'CloudSync.BUG' });
});
