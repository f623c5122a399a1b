import type { Config } from '../config/load.ts';
import type { CommandName } from '../config/options.ts';
import type { Log } from '../lib/log.ts';
import type { Terminal } from '../report/terminal.ts';
import type { Interruption } from './interruption.ts';

/** The process as a command sees it. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Terminal & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
}

/** What a command works with. */
export interface Context extends Streams {
  readonly config: Config;
  /** After the command's name and without options. */
  readonly arguments: readonly string[];
  readonly log: Log;
  readonly interruption: Interruption;
}

/** One command of the command line, as data. Its options are those that name it in the table. */
export interface Command {
  readonly name: CommandName;
  readonly summary: string;
  /** As commander writes it: `<name>`, `[name]` or `[name...]`. */
  readonly argument?: { readonly name: string; readonly help: string; readonly choices?: readonly string[] };
  /** Returns the exit code. Throws SyncError for what stops it. */
  run(context: Context): Promise<number>;
}
