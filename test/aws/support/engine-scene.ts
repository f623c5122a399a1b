/** A simulated cloud, an empty archive and an empty tracker, which the deployed engine uses. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import type { ExecutionInput } from '../../../src/aws/contract.ts';
import { environmentNames } from '../../../src/aws/platform/environment.ts';
import { writeSecret } from '../../../src/aws/platform/secret.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { startGoproCloud, type GoproCloud, type GoproCloudOptions } from '../../../src/sim/gopro/index.ts';
import { createTrackerTable } from '../../support/tracker-table.ts';
import { openDynamoTracker } from '../../../src/tracker/dynamodb/index.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import type { ForeignServer } from '../../s3/support/servers.ts';
import { expectExactly, wantedOf } from '../../support/archive.ts';
import { collect } from '../../support/collect.ts';
import type { FoundFile } from '../../support/places.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

import { bucketText, filesIn } from './bucket.ts';
import type { Engine } from './engine.ts';
import { childrenOf, startExecution, type EndedExecution, type StartedExecution } from './execution.ts';

export interface EngineSceneOptions extends GoproCloudOptions {
  /** A foreign store for the archive. It must accept the functions' credentials. */
  readonly store?: ForeignServer;
  /** Uses the deployed bucket and table, not new ones. Only one scene of an engine may do so. */
  readonly deployed?: boolean;
  /** Environment variables that all functions get besides their usual ones. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly downloaderTimeoutSeconds?: number;
}

export interface EngineScene extends AsyncDisposable {
  readonly cloud: GoproCloud;
  readonly bucket: string;
  /** A client for the archive's store. */
  readonly s3: S3Client;
  start(input?: ExecutionInput | Readonly<Record<string, unknown>>): Promise<StartedExecution>;
  /** Starts an execution and waits until it has ended. */
  run(input?: ExecutionInput | Readonly<Record<string, unknown>>): Promise<EndedExecution>;
  /** Sets the environment of all functions to the scene's variables with these changes. */
  reconfigure(changes: Readonly<Record<string, string>>, options?: { readonly downloaderTimeoutSeconds?: number }): Promise<void>;
  /** Puts the cloud's valid cookies into the secret. */
  putCredentials(): Promise<void>;
  /** Kills or freezes a `video-downloader` process: the running one, or else the next one. */
  haltDownloader(how: 'kill' | 'freeze'): Promise<void>;
  files(): Promise<readonly FoundFile[]>;
  /** Expects that the archive has exactly the files that the library offers now. */
  expectComplete(): Promise<void>;
  /** Returns the status of every medium by id, and of every original by key. */
  statuses(): Promise<Readonly<Record<string, string>>>;
  /** Returns the verdict on the content of every original, by its key. */
  proofs(): Promise<Readonly<Record<string, string | null>>>;
  /** The sizes of the stored parts of the only unfinished upload, in order. */
  storedParts(): Promise<readonly number[]>;
}

/** Opens a scene on an engine that no other scene uses. Dispose it after its executions. */
export async function openEngineScene(engine: Engine, options: EngineSceneOptions = {}): Promise<EngineScene> {
  const { store, deployed = false, environment = {}, downloaderTimeoutSeconds, ...cloudOptions } = options;
  const { aws, deployment } = engine;
  const cloud = await startGoproCloud(cloudOptions);
  const temp = await makeTempDir();
  const s3 = store
    ? new S3Client({ endpoint: store.endpoint, region: store.region, forcePathStyle: true, credentials: store })
    : aws.s3;
  const haltFile = join(temp.path, 'halt');
  const { bucket, table } = deployed
    ? { bucket: deployment.archiveBucket, table: deployment.table }
    : await newArchive(engine, s3);
  const variables = {
    [environmentNames.table]: table,
    [environmentNames.archiveBucket]: bucket,
    [environmentNames.gopro]: cloud.apiUrl,
    [environmentNames.goproRps]: '1000',
    [environmentNames.stallTimeoutMs]: '5000',
    ...(store && { [environmentNames.s3Endpoint]: store.endpoint }),
    CLOUD_SYNC_TEST_HALT: haltFile,
    NODE_OPTIONS: `--enable-source-maps --import ${pathToFileURL(join(import.meta.dirname, 'halt.ts')).href}`,
    ...environment,
  };
  const started: StartedExecution[] = [];

  async function putCredentials(): Promise<void> {
    const { accessToken, userId } = cloud;
    engine.keepSecret(accessToken);
    engine.keepSecret(userId);
    await writeSecret(aws.secrets, deployment.secret, { accessToken, userId, since: new Date().toISOString() });
  }

  async function start(input: object = {}): Promise<StartedExecution> {
    const execution = await startExecution(aws, deployment.machineArn, input);
    started.push(execution);
    return execution;
  }

  async function openTracker(): Promise<Tracker> {
    const archiveId = await archiveIdIn(s3, bucket);
    return openDynamoTracker({ client: aws.dynamodb, table, provider: 'gopro', archiveId, clock: systemClock });
  }

  await engine.configure(variables, { ...(downloaderTimeoutSeconds !== undefined && { downloaderTimeoutSeconds }) });
  await putCredentials();
  return {
    cloud,
    bucket,
    s3,
    start,
    run: async (input) => (await start(input)).ended(),
    reconfigure: async (changes, more) => engine.configure({ ...variables, ...changes }, more),
    putCredentials,
    haltDownloader: async (how) => writeFile(haltFile, how),
    files: async () => filesIn(s3, bucket),
    expectComplete: async () => expectExactly(await filesIn(s3, bucket), await wantedOf(cloud.library)),
    statuses: async () => statusesOf(await openTracker()),
    proofs: async () => proofsOf(await openTracker()),
    storedParts: async () => storedParts(s3, bucket),
    [Symbol.asyncDispose]: async () => {
      for (const { arn } of started) await childrenOf(aws, arn);
      engine.keepText(await tableText(engine, table));
      engine.keepText(await bucketText(s3, bucket));
      if (s3 !== aws.s3) s3.destroy();
      await cloud.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

async function newArchive({ aws }: Engine, s3: S3Client): Promise<{ readonly bucket: string; readonly table: string }> {
  const id = randomUUID();
  const [bucket, table] = [`archive-${id}`, `tracker-${id}`];
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await createTrackerTable(aws.dynamodb, table);
  return { bucket, table };
}

async function archiveIdIn(s3: S3Client, Bucket: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: '.cloud-sync/archive.json' }));
  const { id } = JSON.parse((await Body?.transformToString()) ?? '{}') as { readonly id: string };
  return id;
}

/** Returns the status of every medium by id and of every original by key. Closes the tracker. */
export async function statusesOf(tracker: Tracker): Promise<Readonly<Record<string, string>>> {
  const statuses: [string, string][] = [];
  for await (const { tracked, originals } of tracker.rows()) {
    statuses.push([tracked.medium.id, tracked.status]);
    statuses.push(...originals.map(({ original, status }) => [original.key, status] as [string, string]));
  }
  await tracker.close();
  return Object.fromEntries(statuses.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function proofsOf(tracker: Tracker): Promise<Readonly<Record<string, string | null>>> {
  const media = await collect(tracker.rows());
  await tracker.close();
  return Object.fromEntries(media.flatMap(({ originals }) => originals.map(({ original, proof }) => [original.key, proof])));
}

async function storedParts(s3: S3Client, Bucket: string): Promise<number[]> {
  const { Uploads: [upload] = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  if (!upload) return [];
  const { Key, UploadId } = upload;
  // Reads only one page, because some stores name a next page after the last one.
  const { Parts = [] } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
  return Parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)).map(({ Size = 0 }) => Size);
}

async function tableText({ aws }: Engine, TableName: string): Promise<string> {
  const texts: string[] = [];
  for await (const { Items = [] } of paginateScan({ client: aws.dynamodb }, { TableName })) texts.push(JSON.stringify(Items));
  return texts.join('\n');
}
