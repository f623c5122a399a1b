/** The deployed engine in an AWS that checks the policies of roles, users and buckets. */
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { createMediaMaker, partBytes } from '../../support/simulated-media.ts';
import { region } from '../support/aws.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene } from '../support/engine-scene.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine({ checksPolicies: true });
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

/** Calls IAM, for which the tests have no client. Returns the reply's XML. */
async function callIam(action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const { endpoint, s3 } = engine.aws;
  const { protocol, hostname, port, host } = new URL(endpoint);
  const body = String(new URLSearchParams({ Action: action, Version: '2010-05-08', UserName: 'administrator', ...parameters }));
  const signer = new SignatureV4({ ...s3.config, service: 'iam' });
  const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
  const signed = await signer.sign({ method: 'POST', protocol, hostname, port: Number(port), path: '/', headers, body });
  const reply = await fetch(endpoint, { method: 'POST', headers: signed.headers, body });
  const xml = await reply.text();
  if (!reply.ok) throw new Error(`${action}: ${xml}`);
  return xml;
}

/** Opens a client of a user who may do everything that the bucket's own policy does not deny. */
async function openAdministrator(): Promise<S3Client & Disposable> {
  await callIam('CreateUser', {});
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  await callIam('PutUserPolicy', { PolicyName: 'everything', PolicyDocument: JSON.stringify(everything) });
  const xml = await callIam('CreateAccessKey', {});
  const [accessKeyId = '', secretAccessKey = ''] = ['AccessKeyId', 'SecretAccessKey'].map(
    (name) => new RegExp(`<${name}>(.*)</${name}>`).exec(xml)?.[1] ?? '',
  );
  const { endpoint } = engine.aws;
  const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  return Object.assign(s3, { [Symbol.dispose]: () => s3.destroy() });
}

const refused = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

test('the functions archive a library with only their own permissions, and nobody can replace or delete a file', async () => {
  const maker = createMediaMaker('permissions');
  const library = createLibrary([maker.photo(), maker.photo(), maker.video(2 * partBytes + 1_000)]);
  await using scene = await openEngineScene(engine, { library, deployed: true });
  const run = await scene.run();
  expect([run.status, run.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  expect(await engine.notifications()).toEqual([]);
  await scene.expectComplete();

  using administrator = await openAdministrator();
  const Bucket = scene.bucket;
  const { Versions = [] } = await administrator.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'gopro-videos/' }));
  const [{ Key, VersionId } = {}] = Versions;
  await expect(administrator.send(new DeleteObjectCommand({ Bucket, Key }))).rejects.toMatchObject(refused(403));
  await expect(administrator.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))).rejects.toMatchObject(refused(403));
  const expiry = { ID: 'all', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } } as const;
  const lifecycle = new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [expiry] } });
  await expect(administrator.send(lifecycle)).rejects.toMatchObject(refused(403));
  const put = (more: object) => administrator.send(new PutObjectCommand({ Bucket, Key, Body: 'other bytes', ...more }));
  await expect(put({})).rejects.toMatchObject(refused(403));
  await expect(put({ IfNoneMatch: '*' })).rejects.toMatchObject(refused(412));
  await scene.expectComplete();
  await put({ Key: 'gopro-videos/new', IfNoneMatch: '*' });
});
