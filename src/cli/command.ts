import type { Config } from '../config/load.ts';
import type { CommandName } from '../config/options/commands.ts';
import type { Log } from '../lib/log.ts';
import type { Terminal } from '../report/terminal.ts';
import type { Interruption } from './interruption.ts';

/** The standard streams of the process. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Terminal & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
}

/** The settings and tools that every command gets. */
export interface Context extends Streams {
  readonly config: Config;
  /** The words after the command's name that are not options. */
  readonly arguments: readonly string[];
  readonly log: Log;
  readonly interruption: Interruption;
}

/** One command of the command line. Its options are in the option table. */
export interface Command {
  readonly name: CommandName;
  readonly summary: string;
  /** `name` has the syntax of commander: `<name>`, `<name...>`, `[name]` or `[name...]`. */
  readonly argument?: { readonly name: string; readonly help: string; readonly choices?: readonly string[] };
  /**
   * Says what a signal leaves behind, as the hint of the error. Absent if there is nothing to say.
   */
  readonly whenInterrupted?: string;
  /** Runs the command. Returns the exit code, or throws a SyncError. */
  run(context: Context): Promise<number>;
}
