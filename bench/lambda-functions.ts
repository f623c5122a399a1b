/** Runs the bundled functions of the AWS engine as Lambda does, each call in a new process. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { bundleFunctions } from '../infra/bundle.ts';
import { environments } from '../infra/environments.ts';
import type { FunctionName } from '../src/aws/contract.ts';
import { environmentNames } from '../src/aws/platform/environment.ts';
import { createTrackerTable } from '../test/support/tracker-table.ts';
import type { Aws } from '../test/aws/support/aws.ts';
import { waitForSuccess } from './bench.ts';
import { startMeasured, type Measured } from './measure.ts';
import type { Sink } from './servers.ts';
import { apiRequestsPerSecond, benchUserId } from './tools/ours.ts';
import type { Job } from './tools/tool.ts';

export const runsBucket = 'runs';

/** Invokes a function once. Throws if the function throws. */
export type Invoke = (name: FunctionName, request: object) => Promise<Invocation>;

export interface Invocation {
  readonly reply: unknown;
  /** The figures from the start of the process to its exit. They include a cold start. */
  readonly measured: Measured;
}

/** Creates what the functions need in the emulator: a table, a secret and the runs bucket. */
export async function openFunctions(aws: Aws, job: Job, sink: Sink): Promise<Invoke> {
  const folders = bundleFunctions();
  const resources = { table: 'tracker', secret: 'gopro/credentials' };
  const credentials = JSON.stringify({ access_token: 'bench-access-token', user_id: benchUserId });
  await createTrackerTable(aws.dynamodb, resources.table);
  await aws.secrets.send(new CreateSecretCommand({ Name: resources.secret, SecretString: credentials }));
  await aws.s3.send(new CreateBucketCommand({ Bucket: runsBucket }));
  const env = { ...aws.environment, ...environmentFor(job, sink, resources) };
  const runner = join(import.meta.dirname, 'lambda-runner.mjs');

  return async (name, request) => {
    const [requestPath, replyPath] = [join(job.scratch, 'request.json'), join(job.scratch, 'reply.json')];
    await writeFile(requestPath, JSON.stringify(request));
    const argv = [process.execPath, runner, join(folders[name], 'index.mjs'), requestPath, replyPath];
    const measured = await waitForSuccess(name, startMeasured({ argv, env }));
    return { measured, reply: JSON.parse(await readFile(replyPath, 'utf8')) as unknown };
  };
}

/** Returns the environment variables of prod, but with a higher limit of API requests a second. */
function environmentFor(
  { source, scratch, certPath }: Job,
  sink: Sink,
  { table, secret }: { readonly table: string; readonly secret: string },
): Record<string, string> {
  const { include, partConcurrency, quarantineAfter } = environments.prod;
  return {
    [environmentNames.stage]: 'prod',
    [environmentNames.table]: table,
    [environmentNames.archiveBucket]: 'bench',
    [environmentNames.runsBucket]: runsBucket,
    [environmentNames.secret]: secret,
    [environmentNames.include]: include.join(),
    [environmentNames.quarantineAfter]: String(quarantineAfter),
    [environmentNames.concurrency]: String(partConcurrency),
    [environmentNames.gopro]: source.url,
    [environmentNames.goproRps]: String(apiRequestsPerSecond),
    [environmentNames.s3Endpoint]: sink.url,
    NODE_OPTIONS: '--enable-source-maps',
    HOME: scratch,
    ...(certPath !== undefined && { NODE_EXTRA_CA_CERTS: certPath }),
  };
}
