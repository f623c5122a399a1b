/** The places of archives in tests. Tests can read and change such a place without the program. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { startS3Store, type S3Store, type S3StoreOptions } from '../s3-server/index.ts';
import { makeTempDir } from './temp-dir.ts';

export const placeKinds = ['disk', 's3'] as const;

export type PlaceKind = (typeof placeKinds)[number];

export interface FoundFile {
  /** The path in the archive, with `/` as separator. */
  readonly key: string;
  readonly sizeBytes: number;
  /** The SHA-256 of the bytes that the file has now. */
  readonly sha256: string;
}

export interface Place extends AsyncDisposable {
  readonly kind: PlaceKind;
  /** The value of the option `--to`. */
  readonly to: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Reads the bytes of every file, except the files in `.cloud-sync/` at the root. */
  files(): Promise<FoundFile[]>;
  /**
   * The names and texts of all files in `.cloud-sync/`. On S3 also the description of each object.
   */
  ownTexts(): Promise<string>;
  /** Inverts one byte of a file. The size stays the same. */
  damage(key: string, offset: number): Promise<void>;
  remove(key: string): Promise<void>;
  /** Adds a file that the program did not write. */
  addForeign(key: string, text: string): Promise<void>;
}

export interface DiskPlace extends Place {
  readonly kind: 'disk';
  readonly directory: string;
}

export interface S3Place extends Place {
  readonly kind: 's3';
  readonly store: S3Store;
}

/** A place in a directory that does not exist yet. */
export async function openDiskPlace(): Promise<DiskPlace> {
  const temp = await makeTempDir();
  return { ...diskPlaceAt(join(temp.path, 'archive')), [Symbol.asyncDispose]: async () => temp[Symbol.asyncDispose]() };
}

/** A place in a given directory. Disposing the place does not remove the directory. */
export function diskPlaceAt(directory: string): DiskPlace {
  const pathOf = (key: string) => join(directory, ...key.split('/'));
  return {
    kind: 'disk',
    to: directory,
    directory,
    environment: {},
    files: async () => {
      const paths = (await filesBelow(directory)).filter((path) => !path.startsWith(join(directory, '.cloud-sync') + sep));
      return Promise.all(paths.map(async (path) => ({ key: keyOf(directory, path), ...(await digest(path)) })));
    },
    ownTexts: async () => {
      const paths = await filesBelow(join(directory, '.cloud-sync'));
      const texts = await Promise.all(paths.map(async (path) => `${path}\n${await textOf(path)}`));
      return texts.join('\n');
    },
    damage: async (key, offset) => flipByte(pathOf(key), offset),
    remove: async (key) => rm(pathOf(key)),
    addForeign: async (key, text) => {
      await mkdir(dirname(pathOf(key)), { recursive: true });
      await writeFile(pathOf(key), text, { flag: 'wx' });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

const bucket = 'archive';
const prefix = 'my/videos';

/** A place under a prefix in a bucket of a simulated store. */
export async function openS3Place(options: S3StoreOptions = {}): Promise<S3Place> {
  const store = await startS3Store({ buckets: [bucket], ...options });
  const objects = () => store.objects().filter(({ key }) => key.startsWith(`${prefix}/`));
  return {
    kind: 's3',
    to: `s3://${bucket}/${prefix}`,
    store,
    environment: { CLOUD_SYNC_S3_ENDPOINT: store.endpoint, CLOUD_SYNC_S3_PATH_STYLE: 'true' },
    files: async () =>
      objects()
        .filter(({ key }) => !key.startsWith(`${prefix}/.cloud-sync/`))
        .map(({ key, sizeBytes }) => ({ key: key.slice(prefix.length + 1), sizeBytes, sha256: store.sha256(bucket, key) })),
    ownTexts: async () =>
      objects()
        .map(({ key, metadata, tags }) => {
          const own = key.startsWith(`${prefix}/.cloud-sync/`) ? store.content(bucket, key).toString('utf8') : '';
          return `${key}\n${JSON.stringify({ metadata, tags })}\n${own}`;
        })
        .join('\n'),
    damage: async (key, offset) => store.tamper(bucket, `${prefix}/${key}`, offset),
    remove: async (key) => {
      if (!store.remove(bucket, `${prefix}/${key}`)) throw new Error(`there is no ${key}`);
    },
    addForeign: async (key, text) => putForeign(store, `${prefix}/${key}`, text),
    [Symbol.asyncDispose]: async () => store.close(),
  };
}

export async function openPlace(kind: PlaceKind): Promise<Place> {
  return kind === 'disk' ? openDiskPlace() : openS3Place();
}

/** Writes an object as another program does: with the SDK, and without our metadata. */
async function putForeign(store: S3Store, key: string, text: string): Promise<void> {
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const credentials = { accessKeyId: 'other', secretAccessKey: 'other' };
  const client = new S3Client({ endpoint: store.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text }));
  client.destroy();
}

/** The absolute paths of all files in a directory tree. Empty if the directory does not exist. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

function keyOf(directory: string, path: string): string {
  return relative(directory, path).split(sep).join('/');
}

async function digest(path: string): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** Reads only the beginning of a file, because media are large and our own texts are short. */
async function textOf(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4 * 1024 * 1024));
  return buffer.toString('latin1', 0, bytesRead);
}

async function flipByte(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, offset);
  if (bytesRead !== 1) throw new RangeError(`${path} has no byte ${offset}`);
  await file.write(Buffer.from([buffer[0]! ^ 0xff]), 0, 1, offset);
}
