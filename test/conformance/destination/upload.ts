import { expect } from 'vitest';
import type { Part } from '../../../src/destination/destination.ts';
import { SyncError } from '../../../src/errors.ts';
import { collect } from '../../support/collect.ts';
import {
  archive,
  asUpload,
  bytesOf,
  describeFile,
  expectArchived,
  rangesOf,
  wanted,
  wholeOf,
  writePart,
  type Check,
} from './bed.ts';

export function uploadTests(check: Check): void {
  check('a file of one part is archived unchanged', async (bed) => {
    const content = bytesOf('one', 100_003);
    expect(await archive(bed, describeFile('one'), content)).toEqual({
      key: describeFile('one').original.key,
      ...wholeOf(content),
    });
    await expectArchived(bed, describeFile('one'), content);
  });

  check('a file without bytes is archived', async (bed) => {
    await archive(bed, describeFile('empty'), Buffer.alloc(0));
    await expectArchived(bed, describeFile('empty'), Buffer.alloc(0));
  });

  check('a file of many parts is archived unchanged', async (bed) => {
    const content = bytesOf('many', bed.stage.partSizeBytes * 2 + 777);
    await archive(bed, describeFile('many'), content);
    await expectArchived(bed, describeFile('many'), content);
  });

  check('an upload takes parts at the same time and in any order', async (bed) => {
    const file = describeFile('shuffled');
    const content = bytesOf('shuffled', bed.stage.partSizeBytes * 3 + 5);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
    const parts = await Promise.all(
      rangesOf(bed, content)
        .toReversed()
        .map(async ({ number, bytes }) => writePart(bed.destination, file, state, number, bytes)),
    );
    await bed.destination.commit(file, state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });

  check('an upload of unknown length takes parts of unknown length', async (bed) => {
    const file = describeFile('unknown-length');
    const content = bytesOf('unknown-length', bed.stage.partSizeBytes + 99);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, null)));
    expect(state.sizeBytes).toBeNull();
    const parts: Part[] = [];
    for (const { number, bytes } of rangesOf(bed, content)) {
      parts.push(await writePart(bed.destination, file, state, number, bytes, { announced: null }));
    }
    await bed.destination.commit(file, state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });

  check('a part that is longer or shorter than announced is refused', async (bed) => {
    const file = describeFile('misfit');
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, 1000)));
    for (const length of [999, 1001]) {
      const bytes = bytesOf('misfit', length);
      await expect(writePart(bed.destination, file, state, 1, bytes, { announced: 1000 })).rejects.toBeInstanceOf(SyncError);
    }
  });

  check('an aborted part is dropped and can be written again', async (bed) => {
    const file = describeFile('aborted-part');
    const content = bytesOf('aborted-part', bed.stage.partSizeBytes + 4000);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
    const [first, second] = rangesOf(bed, content);
    const writer = bed.destination.writePart(file, state, 1, bed.stage.partSizeBytes);
    await writer.write(bytesOf('rubbish', bed.stage.partSizeBytes / 2));
    writer.abort();
    writer.abort();
    const parts = [
      await writePart(bed.destination, file, state, 1, first!.bytes),
      await writePart(bed.destination, file, state, 2, second!.bytes),
    ];
    await bed.destination.commit(file, state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });

  check('a part that is written twice keeps its later bytes', async (bed) => {
    const file = describeFile('twice');
    const content = bytesOf('twice', 5000);
    const { state } = asUpload(await bed.destination.open(file, wanted(bed, content.length)));
    await writePart(bed.destination, file, state, 1, bytesOf('rubbish', 5000));
    const parts = [await writePart(bed.destination, file, state, 1, content)];
    await bed.destination.commit(file, state, parts, wholeOf(content));
    await expectArchived(bed, file, content);
  });

  check('no unfinished upload remains after a file is archived', async (bed) => {
    await archive(bed, describeFile('small'), bytesOf('small', 10));
    await archive(bed, describeFile('large'), bytesOf('large', bed.stage.partSizeBytes + 10));
    expect(await bed.stage.unfinished()).toBe(0);
  });

  check('many small files are archived at the same time', async (bed) => {
    const files = Array.from({ length: 60 }, (_, index) => describeFile(`small-${index}`));
    await Promise.all(files.map(async (file, index) => archive(bed, file, bytesOf(file.original.mediaId, 1000 + index))));
    const described = new Map((await collect(bed.destination.list())).map((listed) => [listed.key, listed.description]));
    expect(described).toEqual(new Map(files.map((file) => [file.original.key, file])));
    for (const [index, file] of files.entries()) {
      expect(await bed.stage.readContent(file.original.key)).toEqual(bytesOf(file.original.mediaId, 1000 + index));
    }
    expect(await bed.stage.unfinished()).toBe(0);
  });
}
