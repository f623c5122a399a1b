import type { Destination } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import type { Report } from '../events.ts';
import type { Mark } from '../media.ts';
import type { Check, TrackedOriginal, Tracker } from '../tracker/tracker.ts';

interface VerdictPorts {
  readonly destination: Pick<Destination, 'describe'>;
  readonly tracker: Pick<Tracker, 'recordCheck'>;
  readonly report: Report;
}

/**
 * Records a check of an archived file. New evidence also goes to the archive's own description of
 * the file. That comes first: if the process ends in between, the next check finds the evidence
 * again. Returns the mark that the file has then. Errors: those that stop a run.
 */
export async function recordVerdict(ports: VerdictPorts, row: TrackedOriginal, check: Check): Promise<Mark | null> {
  const { destination, tracker, report } = ports;
  const { key } = row.original;
  const { sizeBytes, crc32 } = row;
  const { evidence } = check;
  if (evidence && sizeBytes !== null && crc32 !== null) {
    try {
      await destination.describe({ key, sizeBytes, crc32 }, evidence);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop' && error.code !== 'DESTINATION_FULL') throw error;
      const message = `only the tracker knows the new proof of ${key}, because the archive could not store it: ${error.message}`;
      report({ type: 'warning', message });
    }
  }
  return tracker.recordCheck(row.id, check);
}
