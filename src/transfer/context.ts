import type { SyncError } from '../errors.ts';
import type { GoneMedia } from './gone.ts';
import type { TransferPorts } from './ports.ts';
import type { Recorder } from './record.ts';

/** What all media of a run's transfer share. */
export interface MediumContext {
  readonly ports: TransferPorts;
  /** Originals of one medium that are worked on at once. */
  readonly concurrency: number;
  readonly recorder: Recorder;
  readonly gone: GoneMedia;
  /** Ends the run for everybody, at once. */
  readonly stop: (error: SyncError) => void;
  readonly nextOrder: () => number;
  readonly signal: AbortSignal;
}
