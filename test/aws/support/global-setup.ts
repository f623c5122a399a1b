/**
 * Installs the emulators and synthesizes the app before the first test file of a project runs. Two
 * test files must not install or synthesize at the same time.
 */
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { install } from '../../support/foreign-program.ts';
import { ministack } from '../../support/ministack.ts';
import { makeTempDir } from '../../support/temp-dir.ts';
import { cdk, stage } from './cdk.ts';
import { programs } from './emulators.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly app: SynthesizedApp;
  }
}

export interface SynthesizedApp {
  /** The cloud assembly that `cdk --app` takes. */
  readonly directory: string;
  /** The reason why the assembly is missing. Only tests that need it fail. */
  readonly error: string;
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const temp = await makeTempDir();
  await install(ministack());
  await install(programs[project.getProvidedContext().dynamodb]([]));
  const directory = join(temp.path, 'cdk.out');
  const args = ['synth', '--quiet', '--output', directory, '-c', `env=${stage}`, '-c', 'emulator=true'];
  const error = await cdk(args, { home: temp.path }).then(() => '', String);
  project.provide('app', { directory, error });
  return async () => temp[Symbol.asyncDispose]();
}
