import { crc32 } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, vi } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { crc32OfParts } from '../../src/lib/crc32.ts';
import type { FileDescription, Opened, Part, StoredFile, UploadState } from '../../src/destination/destination.ts';
import { startS3Store, type S3Store, type S3StoreOptions } from '../s3-server/index.ts';
import { description, original } from './builders.ts';
import { openS3, type S3Destination, type S3Options } from '../../src/destination/s3/index.ts';

/** What the tests of the S3 adapter share: an archive in a simulated store, and files for it. */

export const MiB = 1024 * 1024;
export const bucketName = 'archive';

/** Sets the environment variables in which the SDK looks for credentials first. */
export function useTestCredentials(): void {
  beforeAll(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'TESTKEY');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not-a-secret');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
}

export interface TestArchive extends AsyncDisposable {
  readonly store: S3Store;
  readonly s3: S3Destination;
  readonly warnings: string[];
}

export function openTestS3(store: { readonly endpoint: string }, options: Partial<S3Options> = {}): S3Destination {
  return openS3({ bucket: bucketName, prefix: 'a/b', endpoint: store.endpoint, clock: systemClock, stallMs: 2_000, ...options });
}

export async function openTestArchive(storeOptions: S3StoreOptions = {}, options: Partial<S3Options> = {}): Promise<TestArchive> {
  const store = await startS3Store({ buckets: [bucketName], ...storeOptions });
  const warnings: string[] = [];
  const s3 = openTestS3(store, { onWarning: (message) => warnings.push(message), ...options });
  return {
    store,
    s3,
    warnings,
    [Symbol.asyncDispose]: async () => {
      await s3.close();
      await store.close();
    },
  };
}

/** Writes an object as another program does, without our metadata. */
export async function putForeign(store: { readonly endpoint: string }, key: string, text: string): Promise<void> {
  const client = new S3Client({ endpoint: store.endpoint, region: 'us-east-1', forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: bucketName, Key: key, Body: text }));
  client.destroy();
}

export function fileAt(key: string, more: Partial<FileDescription> = {}): FileDescription {
  return description(original(`medium of ${key}`, { itemNumber: null, key }), more);
}

export interface Content {
  readonly file: FileDescription;
  readonly bytes: Buffer;
  readonly partSizeBytes: number;
  /** False if the source does not state the length of the file. */
  readonly sizeKnown?: boolean;
}

export function contentOf(key: string, sizeBytes: number, more: Partial<Content> = {}): Content {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1009) bytes[at] = at % 251;
  return { file: fileAt(key), bytes, partSizeBytes: 5 * MiB, ...more };
}

export function wantedFor({ file, bytes, partSizeBytes, sizeKnown = true }: Content): Omit<UploadState, 'id'> {
  return { partSizeBytes, sizeBytes: sizeKnown ? bytes.length : null, validator: file.validator };
}

export function wholeOf({ bytes }: Content): { readonly sizeBytes: number; readonly crc32: number } {
  return { sizeBytes: bytes.length, crc32: crc32(bytes) };
}

/** Writes part `number` in chunks of 64 KiB. */
export async function writePart(s3: S3Destination, content: Content, state: UploadState, number: number): Promise<Part> {
  const { file, bytes, partSizeBytes, sizeKnown = true } = content;
  const part = bytes.subarray((number - 1) * partSizeBytes, number * partSizeBytes);
  const writer = s3.writePart(file, state, number, sizeKnown ? part.length : null);
  for (let at = 0; at < part.length; at += 65_536) await writer.write(part.subarray(at, at + 65_536));
  return writer.end(crc32(part));
}

export async function upload(
  s3: S3Destination,
  content: Content,
): Promise<{ readonly state: UploadState; readonly parts: Part[] }> {
  const opened = await s3.open(content.file, wantedFor(content));
  const { state, parts } = mustBeUpload(opened);
  const stored = [...parts];
  for (let number = parts.length + 1; (number - 1) * content.partSizeBytes < content.bytes.length; number += 1) {
    stored.push(await writePart(s3, content, state, number));
  }
  return { state, parts: stored };
}

/** Archives one file, from the first step to the last. */
export async function archive(s3: S3Destination, content: Content): Promise<StoredFile> {
  const { state, parts } = await upload(s3, content);
  return s3.commit(content.file, state, parts, { sizeBytes: content.bytes.length, crc32: crc32OfParts(parts) });
}

export function mustBeUpload(opened: Opened): Extract<Opened, { kind: 'upload' }> {
  if (opened.kind !== 'upload') throw new Error(`the file is ${opened.kind}`);
  return opened;
}

/**
 * Returns the code of the SyncError that `action` ends with, the message of any other error, or
 * `undefined` when it succeeds.
 */
export async function codeOf(action: Promise<unknown>): Promise<string | undefined> {
  return action.then(
    () => undefined,
    (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
  );
}
