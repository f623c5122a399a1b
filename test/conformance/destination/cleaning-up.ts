import { expect } from 'vitest';
import {
  archive,
  bytesOf,
  describeFile,
  expectArchived,
  expectCode,
  expectNothing,
  restart,
  upload,
  wholeOf,
  type Check,
} from './bed.ts';

const dayMs = 24 * 60 * 60_000;

export function cleaningUpTests(check: Check): void {
  check('aborting drops an upload, and succeeds if the upload is already gone', async (bed) => {
    const file = describeFile('dropped');
    const { state, parts } = await upload(bed, file, bytesOf('dropped', 1000));
    await bed.destination.abort(state);
    await bed.destination.abort(state);
    await bed.destination.abort({ ...state, id: 'never heard of' });
    await expectCode(bed.destination.commit(file, state, parts, wholeOf(bytesOf('dropped', 1000))), 'UPLOAD_LOST');
    await expectNothing(bed, file);
    expect(await bed.stage.unfinished()).toBe(0);
  });

  check('a sweep removes uploads that were unused for 30 days, except those that are still needed', async (bed) => {
    const large = bed.stage.partSizeBytes + 1000;
    await upload(bed, describeFile('forgotten'), bytesOf('forgotten', large));
    const needed = await upload(bed, describeFile('needed'), bytesOf('needed', large));
    await archive(bed, describeFile('archived'), bytesOf('archived', 1000));
    await restart(bed);
    await bed.destination.sweep(new Set());
    expect(await bed.stage.unfinished()).toBe(2);
    bed.stage.advance(29 * dayMs);
    await restart(bed);
    await bed.destination.sweep(new Set());
    expect(await bed.stage.unfinished()).toBe(2);
    bed.stage.advance(2 * dayMs);
    await restart(bed);
    await bed.destination.sweep(new Set([needed.state.id]));
    expect(await bed.stage.unfinished()).toBe(1);
    const content = bytesOf('needed', large);
    await bed.destination.commit(describeFile('needed'), needed.state, needed.parts, wholeOf(content));
    await expectArchived(bed, describeFile('needed'), content);
    await expectArchived(bed, describeFile('archived'), bytesOf('archived', 1000));
  });
}
