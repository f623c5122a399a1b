import { isoTime } from '../../../lib/clock.ts';
import { describeOwner } from '../../../lib/owner.ts';
import { noError, runSeconds, type ReplyOf, type RequestOf } from '../../contract.ts';
import { executionChecks, leaseLeftMs } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { parseInput, unknownFields } from './input.ts';

/**
 * Begins a run. It checks the input, opens the archive, takes the run lease and records the run. A
 * new deployment has no archive yet, so its first run creates the archive. A repeated call of the
 * same execution gets the same reply. Errors: USAGE for a wrong input; those of the archive and of
 * the tracker.
 */
export async function begin({ input, execution }: RequestOf<'BeginRun'>, invocation: Invocation): Promise<ReplyOf<'BeginRun'>> {
  const { clock, log } = invocation;
  const wanted = parseInput(input);
  const unknown = unknownFields(input);
  if (unknown.length > 0) log.warn(`the input of this execution has unknown fields: ${unknown.slice(0, 5).join(', ')}`);
  const deadline = isoTime(Date.parse(execution.started_at) + runSeconds * 1000);
  const reply = { ...wanted, deadline, error: noError };

  const tracker = await invocation.openTracker(wanted.provider, { create: true });
  const isDead = executionChecks({
    onUnanswered: (holder, reason) => log.warn(`could not find out whether ${holder} still runs: ${reason}`),
  });
  const lease = await tracker.acquireRunLease(execution.arn, leaseLeftMs(execution.started_at, clock.now()), isDead);
  if (!lease.granted) {
    const holder = describeOwner(lease.holder);
    log.info(`another run is at work on this archive: ${holder}`);
    return { ...reply, outcome: 'overlap', holder };
  }
  await tracker.beginRun(execution.name);
  return { ...reply, outcome: 'granted', holder: execution.arn };
}
