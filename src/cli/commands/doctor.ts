import { SyncError } from '../../errors.ts';
import { clean, jsonLine } from '../../lib/log.ts';
import type { Context } from '../command.ts';
import { checkCredentials } from '../doctor/credentials.ts';
import { checkDestination } from '../doctor/destination.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkHome, checkNetwork } from '../doctor/machine.ts';
import { checkRolling } from '../doctor/rolling.ts';
import { checkTracker, repairTracker } from '../doctor/tracker.ts';

/** Runs all checks. Returns 1 if a check fails. A warning does not count as a failure. */
export async function runDoctor(context: Context): Promise<number> {
  const { config, stdout, interruption } = context;
  if (config.settings.repair && config.settings.to === undefined) {
    throw new SyncError('USAGE', '--repair needs an archive', { hint: 'Name its place with --to.' });
  }
  let failed = false;
  const print = (finding: Finding) => {
    failed ||= finding.level === 'fail';
    stdout.write(config.settings.json ? jsonLine(finding) : lineOf(finding));
  };
  print({ level: 'ok', subject: 'program', message: `Node.js ${process.version} on ${process.platform} ${process.arch}` });
  (await checkHome(config)).forEach(print);
  (await checkNetwork(config, interruption.signal)).forEach(print);
  (await checkCredentials(context)).forEach(print);
  interruption.signal.throwIfAborted();
  if (config.settings.repair) (await repairTracker(context)).forEach(print);
  if (config.settings.to === undefined) {
    if (!config.settings.json) stdout.write('      destination   not checked; name it with --to\n');
  } else (await checkDestination(config)).forEach(print);
  (await checkTracker(config)).forEach(print);
  (await checkRolling(config)).forEach(print);
  return failed ? 1 : 0;
}

function lineOf({ level, subject, message, advice }: Finding): string {
  const head = `${level.padEnd(4)}  ${subject.padEnd(12)}  `;
  return `${head}${clean(message)}\n${advice === undefined ? '' : `${' '.repeat(head.length)}${clean(advice)}\n`}`;
}
