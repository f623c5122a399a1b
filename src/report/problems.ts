import type { Event } from '../events.ts';
import { describeIncomplete, describeLoss } from './describe.ts';
import { count } from './figures.ts';

/** The events that the final table lists one by one. */
export interface Problems {
  note(event: Event): void;
  readonly lines: readonly string[];
}

export function createProblems(): Problems {
  const lines: string[] = [];
  return {
    lines,
    note: (event) => {
      const line = problemOf(event);
      if (line !== undefined) lines.push(line);
    },
  };
}

function problemOf(event: Event): string | undefined {
  switch (event.type) {
    case 'file.failed':
      return `${event.key}: ${event.reason}`;
    case 'medium.failed':
      return `${event.name || '(no name)'} (${event.mediaId}): ${event.reason}`;
    case 'file.damaged':
      return `${event.path}: ${event.reason}${event.lost ? `; ${describeLoss(event)}` : ''}`;
    case 'file.missing':
      return `${event.path}: missing${event.lost ? `; ${describeLoss(event)}` : ''}`;
    case 'file.lost':
      return `${event.path}: ${event.mark.toLowerCase()}; ${describeLoss(event)}`;
    case 'medium.incomplete':
      return `missing: ${describeIncomplete(event)}`;
    case 'run.finished': {
      // In an archive class of S3 all files may be unreadable, so they are only counted.
      const unreadable = event.exitCode === 1 ? (event.verified?.unreadable ?? 0) : 0;
      return unreadable === 0 ? undefined : `${count(unreadable, 'file')} cannot be read now`;
    }
    default:
      return undefined;
  }
}
