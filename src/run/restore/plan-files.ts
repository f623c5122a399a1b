import type { Destination } from '../../destination/destination.ts';
import type { Target } from '../../destination/target.ts';
import type { Event } from '../../events.ts';
import type { ArchivedFile } from '../../plan/restore/archived-files.ts';
import { nameByCamera, nameByKeys } from '../../plan/restore/names.ts';
import type { Wanted } from '../../plan/restore/selection.ts';
import { selectFromArchive, type SelectedFiles } from '../read-archive/select-files.ts';

/** A file to restore, with its name in the directory. */
export interface PlannedFile {
  readonly file: ArchivedFile;
  readonly name: string;
  /** Why the file has another name than its own. */
  readonly reason?: string;
}

export interface RestorePlan {
  readonly selected: SelectedFiles;
  readonly files: readonly PlannedFile[];
  /** What a person must know before the files are restored. */
  readonly events: readonly Event[];
}

interface PlanPorts {
  readonly archive: Destination;
  readonly target: Target;
}

interface PlanOptions extends Wanted {
  readonly flat: boolean;
}

/** Reads all descriptions of the archive, and decides what is restored under which name. */
export async function planFiles({ archive, target }: PlanPorts, options: PlanOptions, signal: AbortSignal): Promise<RestorePlan> {
  const selected = await selectFromArchive(archive, { ...options, signal });
  const maxNameBytes = await target.maxNameBytes();
  const names = options.flat ? nameByCamera(selected.all, maxNameBytes) : nameByKeys(selected.files, maxNameBytes);
  const files = selected.files.map((file) => ({ file, ...names.get(file.key)! }));
  const renamed = files.filter(({ reason }) => reason !== undefined);
  return { selected, files, events: [...selected.events, ...renamed.map((planned) => renamedEvent(planned, target))] };
}

function renamedEvent({ file, name, reason = '' }: PlannedFile, { location }: Target): Event {
  const { id, key, medium } = file;
  return { type: 'file.renamed', id, mediaId: medium.id, key, path: `${location}/${name}`, reason };
}
