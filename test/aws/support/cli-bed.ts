/** Tables, buckets, executions and failures on a local AWS, for tests of the command line. */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { createTrackerTable } from '../../support/tracker-table.ts';
import { openDynamoTracker } from '../../../src/tracker/dynamodb/index.ts';
import { archive, claimed, idOf, resolve, whole } from '../../conformance/tracker/fixtures.ts';
import { medium, original } from '../../support/builders.ts';
import { runCli, temporaryDirectory, type CliResult } from '../../support/cli-process.ts';
import type { Aws } from './aws.ts';

export async function newTable(aws: Aws): Promise<string> {
  const table = `tracker-${randomUUID()}`;
  await createTrackerTable(aws.dynamodb, table);
  return table;
}

export async function newBucket(aws: Aws): Promise<string> {
  const bucket = `archive-${randomUUID()}`;
  await aws.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

export async function openTracker(aws: Aws, table: string, archiveId: string) {
  const tracker = await openDynamoTracker({ client: aws.dynamodb, table, provider: 'gopro', archiveId, clock: systemClock });
  onTestFinished(() => tracker.close());
  return tracker;
}

/** Makes a state machine from states that call no function. */
export async function createMachine(
  aws: Aws,
  name: string,
  first: string,
  states: Readonly<Record<string, object>>,
): Promise<string> {
  const definition = JSON.stringify({ StartAt: first, States: states });
  const roleArn = 'arn:aws:iam::000000000000:role/any';
  const { stateMachineArn = '' } = await aws.sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  return stateMachineArn;
}

export async function startHanging(aws: Aws): Promise<string> {
  const arn = await createMachine(aws, `hangs-${randomUUID()}`, 'Hang', { Hang: { Type: 'Wait', Seconds: 90_000, End: true } });
  const { executionArn = '' } = await aws.sfn.send(new StartExecutionCommand({ stateMachineArn: arn }));
  return executionArn;
}

/** Makes a table with a failed medium and a quarantined medium. Returns the table's name. */
export async function setFailures(aws: Aws): Promise<string> {
  const table = await newTable(aws);
  const tracker = await openTracker(aws, table, 'archive-1');
  await tracker.recordPage([medium('failing'), medium('poisoned'), medium('fine')], 'run-1');
  const failure = { code: 'STALLED', reason: 'no byte arrived' } as const;
  await tracker.failMedium('failing', { ...failure, quarantineAfter: 10 });
  await tracker.failMedium('poisoned', { ...failure, quarantineAfter: 1 });
  return table;
}

/** Records two archived files, of which one is lost. Returns the table and both keys. */
export async function setLoss(aws: Aws) {
  const table = await newTable(aws);
  const tracker = await openTracker(aws, table, 'archive-1');
  const [lost, sound] = [original('lost'), original('sound')];
  await archive(tracker, 'lost', [lost]);
  await archive(tracker, 'sound', [sound]);
  await tracker.setMark(idOf(lost), 'MISSING');
  const { account } = medium('sound');
  await tracker.recordPage([medium('sound')], 'run-2');
  await tracker.finishListing({ account, runId: 'run-2', complete: true, listed: 1 });
  return { table, lost: lost.key, sound: sound.key };
}

/**
 * Creates a table with one disputed file and one proven file. Returns the table and the key of the
 * disputed file.
 */
export async function setDispute(aws: Aws) {
  const table = await newTable(aws);
  const tracker = await openTracker(aws, table, 'archive-1');
  for (const proof of ['disputed', 'proven'] as const) {
    await resolve(tracker, proof, [original(proof)]);
    const evidence = { claim: `s3-etag:${'ab'.repeat(16)}`, proof, claimPartBytes: null };
    await tracker.complete(await claimed(tracker, original(proof)), { ...whole, evidence });
  }
  return { table, disputed: original('disputed').key };
}

/** Runs `cloud-sync aws`. */
export async function run(aws: Aws, args: readonly string[]): Promise<CliResult> {
  return runCli(['aws', ...args], { environment: { ...aws.environment, CLOUD_SYNC_HOME: temporaryDirectory() } });
}

/** Parses standard output as one JSON object. */
export function json({ stdout }: CliResult): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}
