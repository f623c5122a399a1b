/** An archive in a bucket of a foreign server. Tests see and change it with the AWS SDK alone. */
import { createHash, randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { FoundFile, Place } from '../../support/places.ts';
import type { ForeignServer } from './servers.ts';

const prefix = 'my/videos';

/** Opens a place in a new bucket. Disposing ends only the client, and the bucket stays. */
export async function openForeignPlace(server: ForeignServer): Promise<Place> {
  const bucket = `archive-${randomUUID()}`;
  const client = new S3Client({ endpoint: server.endpoint, region: server.region, forcePathStyle: true, credentials: server });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));

  async function keysBelow(folder: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${folder}/` })) {
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    }
    return keys;
  }

  async function fetchObject(key: string) {
    const { Body, Metadata = {} } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { bytes: await Body!.transformToByteArray(), metadata: Metadata };
  }

  return {
    kind: 's3',
    to: `s3://${bucket}/${prefix}`,
    environment: {
      CLOUD_SYNC_S3_ENDPOINT: server.endpoint,
      CLOUD_SYNC_S3_PATH_STYLE: 'true',
      AWS_REGION: server.region,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    },
    files: async () => {
      const keys = (await keysBelow(prefix)).filter((key) => !key.startsWith(`${prefix}/.cloud-sync/`));
      const found: FoundFile[] = [];
      for (const key of keys) {
        const { bytes } = await fetchObject(key);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        found.push({ key: key.slice(prefix.length + 1), sizeBytes: bytes.length, sha256 });
      }
      return found;
    },
    ownTexts: async () => {
      const texts: string[] = [];
      for (const key of await keysBelow(prefix)) {
        const { bytes, metadata } = await fetchObject(key);
        const own = key.startsWith(`${prefix}/.cloud-sync/`) ? Buffer.from(bytes).toString('utf8') : '';
        texts.push(`${key}\n${JSON.stringify(metadata)}\n${own}`);
      }
      return texts.join('\n');
    },
    // A client can change a byte only if it writes a new object, so the stored checksum changes
    // too.
    damage: async (key, offset) => {
      const { bytes, metadata } = await fetchObject(`${prefix}/${key}`);
      if (bytes[offset] === undefined) throw new RangeError(`${key} has no byte ${offset}`);
      bytes[offset] ^= 0xff;
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${key}`, Body: bytes, Metadata: metadata }));
    },
    remove: async (key) => void (await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}/${key}` }))),
    addForeign: async (key, text) =>
      void (await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${key}`, Body: text }))),
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}
