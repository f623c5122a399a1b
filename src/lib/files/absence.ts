import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from './system-error.ts';

/**
 * Says why a file may exist although a call found nothing at the path: a link on the path leads to
 * a place that is missing, perhaps because its disk is not mounted. Returns undefined if there is
 * certainly no file, or if `error` is another error than ENOENT.
 */
export function explainAbsence(error: unknown, path: string): string | undefined {
  if (systemErrorCode(error) !== 'ENOENT') return undefined;
  const entry = nearestEntry(path);
  const leadsNowhere = statSync(entry, { throwIfNoEntry: false }) === undefined;
  return leadsNowhere ? `${entry} is a link to ${readlinkSync(entry)}, which does not exist` : undefined;
}

/** Returns the longest part of the path that has an entry. It may be a link to a missing place. */
function nearestEntry(path: string): string {
  const parent = dirname(path);
  return parent === path || lstatSync(path, { throwIfNoEntry: false }) ? path : nearestEntry(parent);
}
