import { originalId } from '../../media.ts';
import { nameNextRevision } from '../../transfer/record.ts';
import type { Copying } from './copy-file.ts';
import { expectFiles } from './expect-files.ts';
import type { PlannedCopy } from './plan-copy.ts';

/**
 * Plans a file under its next revision, because another file has its key in the second archive. The
 * tracker expects the next revision before it gives the first one up, so that a killed copy loses
 * neither. Errors: KEY_TAKEN.
 */
export async function toNextRevision(
  planned: PlannedCopy,
  { tracker, destination, report }: Pick<Copying, 'tracker' | 'destination' | 'report'>,
): Promise<PlannedCopy> {
  const { original } = planned.description;
  const { medium } = (await tracker.medium(original.mediaId))!;
  const message = `another file has the key ${original.key} and stays there; the copied file becomes a next revision`;
  report({ type: 'warning', message });
  const next = await nameNextRevision({ tracker }, medium, original);
  const moved = { ...planned, isRepair: false, description: { ...planned.description, original: next } };
  await expectFiles([moved], { tracker, destination });
  await tracker.setMark(originalId(original, original.revision), 'DAMAGED');
  return { ...moved, isRepair: planned.isRepair };
}
