import { expect } from 'vitest';
import { crc32 } from '../../../src/lib/crc32.ts';
import type { UploadState } from '../../../src/destination/destination.ts';
import {
  asUpload,
  bytesOf,
  describeFile,
  expectArchived,
  expectCode,
  expectNothing,
  rangesOf,
  takeOver,
  restart,
  upload,
  wanted,
  wholeOf,
  writePart,
  type Check,
  type DestinationBed,
} from './bed.ts';

export function resumeTests(check: Check): void {
  check('an upload continues in a new process with the stored parts', async (bed) => {
    const file = describeFile('resumed');
    const content = bytesOf('resumed', bed.stage.partSizeBytes * 2 + 321);
    const [first, second, third] = rangesOf(bed, content);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
    const stored = [
      await writePart(bed.destination, file, state, 1, first!.bytes),
      await writePart(bed.destination, file, state, 3, third!.bytes),
    ];
    await restart(bed);
    const resumed = asUpload(await bed.destination.open(file, wanted(bed, content.length), { state, parts: stored }));
    expect(resumed.state).toEqual(state);
    expect(new Set(resumed.parts)).toEqual(new Set(stored));
    const parts = [...resumed.parts, await writePart(bed.destination, file, state, 2, second!.bytes)];
    await bed.destination.commit(file, state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });

  const otherwise: Readonly<Record<string, Partial<UploadState>>> = {
    size: { sizeBytes: 12_345 },
    ETag: { validator: { etag: '"v2"', lastModified: null } },
    date: { validator: { etag: '"v1"', lastModified: 'Tue, 02 Jan 2024 03:04:05 GMT' } },
  };
  for (const [field, change] of Object.entries(otherwise)) {
    check(`a changed ${field} of the file drops the stored parts`, async (bed) => expectDropped(bed, change));
  }
  check('the bytes of an upload can be read in order before it is published, if the store shows them', async (bed) => {
    const { destination } = bed;
    if (!destination.readUpload) return;
    const file = describeFile('read back');
    const content = bytesOf('read back', bed.stage.partSizeBytes + 321);
    const { state } = await upload(bed, file, content);
    const read: Uint8Array[] = [];
    const take = async (bytes: Uint8Array) => void read.push(Buffer.from(bytes));
    const { signal } = new AbortController();
    await destination.readUpload(state, content.length, take, signal);
    expect(Buffer.concat(read).equals(Buffer.from(content))).toBe(true);
    await destination.abort(state);
    await expectCode(destination.readUpload(state, content.length, take, signal), 'UPLOAD_LOST');
  });

  check('an upload keeps its part size when it continues', async (bed) => {
    const file = describeFile('own parts');
    const content = bytesOf('own parts', bed.stage.partSizeBytes * 2);
    const [first, second] = rangesOf(bed, content);
    const claimPartSizes = [bed.stage.partSizeBytes];
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length, { claimPartSizes })));
    const stored = { ...(await writePart(bed.destination, file, state, 1, first!.bytes)), digests: 'kept' };
    const change = { partSizeBytes: bed.stage.partSizeBytes * 2, claimPartSizes: [1] };
    const resumed = asUpload(await bed.destination.open(file, wanted(bed, content.length, change), { state, parts: [stored] }));
    expect(resumed).toMatchObject({ state, parts: [stored] });
    const last = await writePart(bed.destination, file, resumed.state, 2, second!.bytes);
    await bed.destination.commit(file, resumed.state, [...resumed.parts, last], wholeOf(content));
    await expectArchived(bed, file, content);
  });

  check('an upload that another process may still write is continued so that nothing of that process counts', async (bed) => {
    const file = describeFile('taken over');
    const content = bytesOf('taken over', bed.stage.partSizeBytes * 2 + 321);
    const [first, second, third] = rangesOf(bed, content);
    const { destination: stopped } = bed;
    const { state } = asUpload(await stopped.open(file, wanted(bed, content.length)));
    const stored = [await writePart(stopped, file, state, 1, first!.bytes)];
    const unfinished = stopped.writePart(file, state, 2, second!.bytes.length);
    const wrong = Buffer.alloc(second!.bytes.length, 0xee);
    await unfinished.write(wrong.subarray(0, 5000));

    const heir = await takeOver(bed);
    const resumed = asUpload(await heir.open(file, wanted(bed, content.length), { state, parts: stored }));
    expect(resumed.parts).toEqual(stored);
    const parts = [
      ...resumed.parts,
      await writePart(heir, file, resumed.state, 2, second!.bytes),
      await writePart(heir, file, resumed.state, 3, third!.bytes),
    ];
    if (resumed.state.id !== state.id) await heir.abort(state);
    await heir.commit(file, resumed.state, parts, wholeOf(content));

    const late = async () => {
      await unfinished.write(wrong.subarray(5000));
      await unfinished.end(crc32(wrong));
      await writePart(stopped, file, state, 1, wrong);
    };
    await late().catch(() => {});
    unfinished.abort();
    await expectArchived({ ...bed, destination: heir }, file, content);
  });

  check('an upload that one run took over stays the same upload in later runs', async (bed) => {
    const file = describeFile('taken over');
    const content = bytesOf('taken over', bed.stage.partSizeBytes + 321);
    const { state, parts } = await upload(bed, file, content);
    const heir = await takeOver(bed);
    const resumed = asUpload(await heir.open(file, wanted(bed, content.length), { state, parts }));
    await heir.close();
    const later = await takeOver(bed, 3);
    expect(asUpload(await later.open(file, wanted(bed, content.length), resumed)).state).toEqual(resumed.state);
    await later.commit(file, resumed.state, resumed.parts, wholeOf(content));
    await expectArchived({ ...bed, destination: later }, file, content);
  });

  check('a finished upload that another process may still write is published with bytes of its own', async (bed) => {
    const file = describeFile('taken over');
    const content = bytesOf('taken over', bed.stage.partSizeBytes + 321);
    const { destination: stopped } = bed;
    const { state, parts } = await upload(bed, file, content);
    const heir = await takeOver(bed);
    await heir.commit(file, state, parts, wholeOf(content));
    await writePart(stopped, file, state, 1, Buffer.alloc(bed.stage.partSizeBytes, 0xee)).catch(() => {});
    await expectArchived({ ...bed, destination: heir }, file, content);
  });

  check('an upload that is gone starts again', async (bed) => {
    const file = describeFile('gone');
    const earlier = await upload(bed, file, bytesOf('gone', 3000));
    await bed.destination.abort(earlier.state);
    const opened = asUpload(await bed.destination.open(file, wanted(bed, 3000), earlier));
    expect(opened.parts).toEqual([]);
    const content = bytesOf('gone', 3000);
    const parts = [await writePart(bed.destination, file, opened.state, 1, content)];
    await bed.destination.commit(file, opened.state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });
}

async function expectDropped(bed: DestinationBed, change: Partial<UploadState>): Promise<void> {
  const { destination, stage } = bed;
  const file = describeFile('dropped');
  const content = bytesOf('dropped', stage.partSizeBytes * 2);
  const earlier = await upload(bed, file, content);
  const opened = asUpload(await destination.open(file, wanted(bed, content.length, change), earlier));
  expect(opened.state.id).not.toBe(earlier.state.id);
  expect(opened.parts).toEqual([]);
  await destination.abort(earlier.state);
  await expectCode(destination.commit(file, earlier.state, earlier.parts, wholeOf(content)), 'UPLOAD_LOST');
  await expectNothing(bed, file);
}
