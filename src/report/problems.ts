import type { Event } from '../events.ts';
import { describeIncomplete, describeLoss } from './describe.ts';

/** The problems that the end of a run lists one by one. */
export interface Problems {
  note(event: Event): void;
  /** One line for each problem, up to the limit. Then a line with the number of the others. */
  lines(): readonly string[];
}

export const cloudChecksum = "the cloud's own checksum";
export const reasonsHint = '`cloud-sync list --status failed,quarantined,missing,damaged,suspect`';

/** Keeps at most `maxLines` lines. `list` shows all problems. */
export function createProblems(maxLines = 20): Problems {
  const lines: string[] = [];
  let others = 0;
  let hint = reasonsHint;
  let isVerify = false;
  return {
    lines: () => (others === 0 ? lines : [...lines, `… and ${others.toLocaleString('en')} more: ${hint}`]),
    note: (event) => {
      if (event.type === 'run.started') {
        isVerify = event.kind === 'verify';
        // `list` knows nothing of a directory into which files were restored.
        if (event.from !== undefined) hint = '`--json` names all';
      }
      // A file that an earlier run disputed is no problem of `verify`.
      const line = isVerify && event.type === 'file.disputed' ? undefined : problemOf(event);
      if (line === undefined) return;
      if (lines.length < maxLines) lines.push(line);
      else others += 1;
    },
  };
}

function problemOf(event: Event): string | undefined {
  switch (event.type) {
    case 'file.failed':
      return `${event.key}: ${event.reason}`;
    case 'medium.failed':
      return `${event.name || '(no name)'} (${event.mediaId}): ${event.reason}`;
    case 'file.disputed':
      return `${event.path}: ${event.reason}`;
    case 'file.damaged':
    case 'file.suspect':
      return `${event.path}: ${event.reason}${event.lost ? `; ${describeLoss(event)}` : ''}`;
    case 'file.missing':
      return `${event.path}: missing${event.lost ? `; ${describeLoss(event)}` : ''}`;
    case 'file.lost':
      return `${event.path}: ${event.mark.toLowerCase()}; ${describeLoss(event)}`;
    case 'medium.incomplete':
      return `missing: ${describeIncomplete(event)}`;
    case 'file.unreadable':
      // In an archive class of S3 all files may be unreadable, so they are only counted.
      return event.code === 'UNREADABLE' ? undefined : `${event.path}: ${event.reason}${event.hint ? `. ${event.hint}` : ''}`;
    default:
      return undefined;
  }
}
