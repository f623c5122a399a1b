import { readFile } from 'node:fs/promises';
import type { Settings } from '../../config/options.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import { faultsFromText } from '../../sim/gopro/faults/catalogue.ts';
import type { Fault } from '../../sim/gopro/faults/faults.ts';
import { describeUsage, startGoproCloud } from '../../sim/gopro/index.ts';
import type { Preset } from '../../sim/gopro/library/presets.ts';
import type { Context } from '../command.ts';

export async function runSimulate({ config: { settings }, stdout, interruption }: Context): Promise<number> {
  const faults = await readFaults(settings.fault);
  const cloud = await startGoproCloud({
    preset: settings.preset as Preset,
    presetOptions: presetOptions(settings),
    faults,
    apiPort: settings.port,
    cdnPort: settings['cdn-port'],
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    throw new SyncError('USAGE', `the simulator cannot listen: ${error.message}`, {
      hint: 'Choose another --port or --cdn-port, or leave them out to get free ports.',
      cause: error,
    });
  });
  try {
    stdout.write(`${describeUsage(cloud).join('\n')}\n\nCtrl-C ends it.\n`);
    await new Promise<void>((resolve) => interruption.signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await cloud.close();
  }
  return 0;
}

function presetOptions({ seed, count, 'size-bytes': sizeBytes, preset }: Settings): {
  seed?: string;
  count?: number;
  fileSizeBytes?: number;
  sizeBytes?: number;
} {
  return {
    ...(seed !== undefined && { seed }),
    ...(count !== undefined && { count }),
    ...(sizeBytes !== undefined && (preset === 'large' ? { fileSizeBytes: sizeBytes } : { sizeBytes })),
  };
}

/**
 * Reads faults. `given` is the path of a .json file, or names from the catalogue. Errors: USAGE.
 */
async function readFaults(given: string | undefined): Promise<readonly Fault[]> {
  if (given === undefined) return [];
  try {
    return given.endsWith('.json') ? faultsFromText(await readFile(given, 'utf8')) : faultsFromText(given);
  } catch (error) {
    const hint = 'Give names from the catalogue, separated by commas, or a .json file with an array of faults.';
    throw new SyncError('USAGE', `--fault ${given}: ${asSyncError(error).message}`, { hint, cause: error });
  }
}
