/**
 * The table of options. Flags, environment names, keys of config.toml, completions and
 * docs/reference/options.md are all made from this table, so an option exists in all of them or in
 * none.
 */

import type { CommandName } from './options/commands.ts';
import { checksOptions } from './options/checks.ts';
import { outputOptions } from './options/output.ts';
import { placeOptions } from './options/place.ts';
import { providerOptions } from './options/provider.ts';
import { s3Options } from './options/s3.ts';
import { selectionOptions } from './options/selection.ts';
import { serviceOptions } from './options/service.ts';
import { thawOptions } from './options/thaw.ts';
import { simulatorOptions } from './options/simulator.ts';
import type { OptionSpec, ValueOf } from './options/spec.ts';

const optionTable = [
  ...placeOptions,
  ...selectionOptions,
  ...thawOptions,
  ...checksOptions,
  ...outputOptions,
  ...s3Options,
  ...providerOptions,
  ...serviceOptions,
  ...simulatorOptions,
] as const satisfies readonly OptionSpec[];

type Row = (typeof optionTable)[number];

/** The values of all options. A value is undefined if it was not given and has no default. */
export type Settings = {
  readonly [Spec in Row as Spec['name']]:
    | ValueOf[Spec['type']]
    | (Spec extends { readonly default: unknown } ? never : undefined);
};

/** The same table without its literal types, for code that handles any option. */
export const options: readonly OptionSpec[] = optionTable;

/** Returns the option's name in the environment. */
export function environmentName(spec: Pick<OptionSpec, 'name' | 'env'>): string {
  return spec.env ?? `CLOUD_SYNC_${spec.name.toUpperCase().replaceAll('-', '_')}`;
}

/** Returns the options of a command that can be given as flags. */
export function flagsOf(command: CommandName): readonly OptionSpec[] {
  return options.filter((spec) => !spec.secret && spec.commands.includes(command));
}
