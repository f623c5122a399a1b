import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { fileAt, openTestS3, useTestCredentials } from '../../../test/support/s3-archive.ts';
import { collect } from '../../../test/support/collect.ts';
import { multipartUpload } from './upload-id.ts';

useTestCredentials();

/** Starts a store without objects. Its listings say that they go on, and contain `next`. */
async function startEndlessStore(next: string) {
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const kind = url.includes('uploadId=') ? 'Parts' : url.includes('uploads') ? 'MultipartUploads' : 'Bucket';
    response.statusCode = request.method === 'HEAD' ? 404 : 200;
    response.setHeader('content-type', 'application/xml');
    response.end(`<List${kind}Result><IsTruncated>true</IsTruncated>${next}</List${kind}Result>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const sameAgain =
  '<NextContinuationToken>t</NextContinuationToken><NextPartNumberMarker>7</NextPartNumberMarker><NextKeyMarker>k</NextKeyMarker>';

test.each([
  ['the same next page again and again', sameAgain],
  ['no next page', ''],
])(
  'a listing of objects or parts that names %s ends as DESTINATION_UNUSABLE, and a sweep ends with a warning',
  async (_, next) => {
    await using store = await startEndlessStore(next);
    const warnings: string[] = [];
    const s3 = openTestS3(store, { onWarning: (message) => warnings.push(message) });
    const file = fileAt('gopro-videos/2026/01/a.mp4');
    const wanted = { partSizeBytes: 16e6, sizeBytes: 40e6, validator: file.validator };
    const { id } = multipartUpload({ uploadId: 'u', key: `a/b/${file.original.key}`, checksum: 'full' });
    const known = { state: { ...wanted, id }, parts: [{ number: 1, sizeBytes: 16e6, crc32: 1, receipt: '"1"' }] };
    const failure = { code: 'DESTINATION_UNUSABLE', message: expect.stringContaining('does not end') };
    await expect(collect(s3.unknown(new Set()))).rejects.toMatchObject(failure);
    await s3.sweep(new Set());
    expect(warnings).toEqual([failure.message]);
    await expect(s3.open(file, wanted, known)).rejects.toMatchObject(failure);
    await s3.close();
  },
);
