import { expect } from 'vitest';
import type { Part } from '../../../src/destination/destination.ts';
import { SyncError } from '../../../src/errors.ts';
import { crc32, crc32OfParts } from '../../../src/lib/crc32.ts';
import { collect } from '../../support/collect.ts';
import {
  archive,
  asUpload,
  bytesOf,
  codeOf,
  describeFile,
  expectArchived,
  expectCode,
  expectNothing,
  rangesOf,
  restart,
  upload,
  wanted,
  wholeOf,
  writePart,
  type Check,
} from './bed.ts';

export function commitTests(check: Check): void {
  check('a commit may be repeated, also by another process after a lost reply', async (bed) => {
    const file = describeFile('repeated');
    const content = bytesOf('repeated', bed.stage.partSizeBytes + 1);
    const { state, parts } = await upload(bed, file, content);
    const first = await bed.destination.commit(file, state, parts, wholeOf(content));
    expect(await bed.destination.commit(file, state, parts, wholeOf(content))).toEqual(first);
    await restart(bed);
    expect(await bed.destination.commit(file, state, parts, wholeOf(content))).toEqual(first);
    await expectArchived(bed, file, content);
    expect(await collect(bed.destination.list())).toHaveLength(1);
    expect(await bed.stage.unfinished()).toBe(0);
  });

  check('a new process that commits a small file finds the published file, or fails with UPLOAD_LOST', async (bed) => {
    const content = bytesOf('ended', 3000);
    const file = describeFile('ended');
    const { state, parts } = await upload(bed, file, content);
    const ended = { ...state, id: '' };
    await restart(bed);
    await expectCode(bed.destination.commit(file, ended, parts, wholeOf(content)), 'UPLOAD_LOST');
    await expectNothing(bed, file);
    // Makes the state that remains when a process is killed after it published the file and before
    // it described the file.
    await bed.stage.place(file.original.key, content);
    expect(await bed.destination.commit(file, ended, parts, wholeOf(content))).toEqual({
      key: file.original.key,
      ...wholeOf(content),
    });
    await expectArchived(bed, file, content);
    await expectCode(
      bed.destination.commit(describeFile('ended'), ended, [{ ...parts[0]!, crc32: 1 }], { sizeBytes: 3000, crc32: 1 }),
      'KEY_TAKEN',
    );
  });

  check('a commit with a wrong checksum of the file publishes nothing', async (bed) => {
    const file = describeFile('wrong-whole');
    const content = bytesOf('wrong-whole', bed.stage.partSizeBytes + 1);
    const { state, parts } = await upload(bed, file, content);
    const whole = { sizeBytes: content.length, crc32: (wholeOf(content).crc32 ^ 1) >>> 0 };
    await expectCode(bed.destination.commit(file, state, parts, whole), 'CHECKSUM_MISMATCH');
    await expectNothing(bed, file);
  });

  check('a commit with a wrong checksum of a part publishes nothing', async (bed) => {
    const file = describeFile('wrong-part');
    const content = bytesOf('wrong-part', bed.stage.partSizeBytes + 1);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
    const attempt = async () => {
      const parts: Part[] = [];
      for (const { number, bytes } of rangesOf(bed, content)) {
        parts.push(await writePart(bed.destination, file, state, number, bytes, { crc32: number === 2 ? 1 : crc32(bytes) }));
      }
      await bed.destination.commit(file, state, parts, { sizeBytes: content.length, crc32: crc32OfParts(parts) });
    };
    await expect(attempt()).rejects.toBeInstanceOf(SyncError);
    await expectNothing(bed, file);
  });

  check('a commit never replaces another file, even one of the same size', async (bed) => {
    for (const length of [2000, 2001]) {
      const file = describeFile(`taken-${length}`);
      const theirs = bytesOf('theirs', length);
      await bed.stage.place(file.original.key, theirs);
      await expectCode(archive(bed, file, bytesOf('ours', 2000)), 'KEY_TAKEN');
      expect((await bed.stage.readContent(file.original.key))?.equals(theirs)).toBe(true);
    }
    expect(await collect(bed.destination.list())).toEqual([]);
  });

  check('a commit to a key that holds the same bytes is a success', async (bed) => {
    const content = bytesOf('same', 2000);
    await bed.stage.place(describeFile('same').original.key, content);
    expect(await archive(bed, describeFile('same'), content)).toEqual({
      key: describeFile('same').original.key,
      ...wholeOf(content),
    });
    expect(await bed.stage.unfinished()).toBe(0);
  });

  check('commits of several files to one key publish one file, and the others fail with KEY_TAKEN', async (bed) => {
    const file = describeFile('contested');
    const contents = Array.from({ length: 5 }, (_, index) => bytesOf(`contested ${index}`, 4000));
    // Uploads everything before the first commit, because after a commit `open` may report that the
    // file is finished.
    const uploads = await Promise.all(contents.map(async (content) => upload(bed, file, content)));
    const results = await Promise.allSettled(
      uploads.map(async ({ state, parts }, index) => bed.destination.commit(file, state, parts, wholeOf(contents[index]!))),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(codeOf(result.reason)).toBe('KEY_TAKEN');
    const winner = contents[results.findIndex((result) => result.status === 'fulfilled')];
    await expectArchived(bed, file, winner ?? Buffer.alloc(0));
  });
}
