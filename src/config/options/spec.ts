import type { CommandName } from './commands.ts';

/**
 * The type of the parsed value for each type of option. The entries of a list are separated by
 * commas, or the flag is repeated.
 */
export interface ValueOf {
  readonly text: string;
  /** A text that config.toml may also give as a date. */
  readonly date: string;
  /** A text that config.toml may also give as a number, such as a size in bytes. */
  readonly amount: string;
  /** An http or https address. */
  readonly url: string;
  readonly flag: boolean;
  readonly integer: number;
  readonly number: number;
  readonly list: readonly string[];
}

export interface OptionSpec {
  /** The name of the flag without its leading dashes. It is also the key in config.toml. */
  readonly name: string;
  readonly type: keyof ValueOf;
  /** What a text must look like. */
  readonly shape?: RegExp;
  readonly help: string;
  readonly commands: readonly CommandName[];
  /** The placeholder that stands for the value in the help. */
  readonly metavar?: string;
  readonly default?: string | number | boolean | readonly string[];
  /** The only allowed values. */
  readonly allowed?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** The option's name in the environment, if that name is not made from `name`. */
  readonly env?: string;
  /** If true, the help lists the option last. */
  readonly advanced?: true;
  /**
   * If true, the option is neither a flag nor a key of config.toml, because other people can read
   * both.
   */
  readonly secret?: true;
  /** If true, the option decides where config.toml is, so config.toml cannot set it. */
  readonly notInFile?: true;
}
