import { SyncError } from '../../../errors.ts';
import { summarise as summariseFacts, type RunFacts } from '../../../report/summary.ts';
import type { Provider } from '../../../media.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import type { EndReply, EndRequest } from '../../contract.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { readFailure, type Caught } from './caught.ts';
import { tellOf } from './credential-notices.ts';
import { parseInput } from './input.ts';
import { expiryText, failureText, standingLine, type Notification, type Place } from './texts.ts';

/** Runs that may have begun since this one, which then lost its lease. */
const runsLookedAt = 20;

/**
 * Ends a run early: records how, gives its lease back, and says what a person is to be told. It needs nothing of the run: also where there is no
 * input that can be read, no table or no archive, it answers. Repeated, it answers the same. Never throws a SyncError.
 */
export async function end({ input, error, execution }: EndRequest, invocation: Invocation): Promise<EndReply> {
  const { environment, clock, metrics } = invocation;
  const caught = readFailure(error);
  const isExpired = caught.code === 'CREDENTIALS_EXPIRED';
  const provider = providerOf(input);
  const { stage, secret } = environment;
  const place: Place = { stage, secret, provider: provider ?? 'gopro', run: execution.name };
  // Not for what nobody can mend but by renewing credentials, of which people are told once.
  if (!isExpired) metrics.add('SyncFailures', 1);

  const tracker = provider && (await attempt(invocation, 'the tracker cannot be opened', () => invocation.openTracker(provider)));
  const also =
    tracker && (await attempt(invocation, 'the run cannot be ended in the tracker', () => finish(caught, tracker, invocation)));
  if (!isExpired) return { notify: true, error: asError(failureText(caught, also, place)) };
  const decision =
    tracker &&
    (await attempt(invocation, 'what people were told before cannot be read', () =>
      tellOf({ kind: 'expired' }, { nowMs: clock.now(), run: execution.name }, tracker),
    ));
  const since = decision?.notices.includes('still-expired') ? decision.episodes.expired?.since : undefined;
  return { notify: decision === undefined || decision.notices.length > 0, error: asError(expiryText(since, place)) };
}

function asError({ subject, message }: Notification): EndReply['error'] {
  return { Error: subject, Cause: message };
}

/** undefined: the input is wrong, so nothing was begun. */
function providerOf(input: unknown): Provider | undefined {
  try {
    return parseInput(input).provider;
  } catch {
    return undefined;
  }
}

/** What fails here must not keep the notification of what failed before. */
async function attempt<Result>({ log }: Invocation, trouble: string, act: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    log.error(trouble, { error: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Ends the run if it was begun and nothing has ended it yet, and says how the archive stands. */
async function finish(
  { code = 'WORKER_LOST', name, what, detail }: Caught,
  tracker: Tracker,
  { environment, execution, clock, report }: Invocation,
): Promise<string | undefined> {
  const run = (await tracker.runs(runsLookedAt)).find(({ id }) => id === execution.name);
  let stands: string | undefined;
  if (run && run.finishedAt === null) {
    const facts: RunFacts = {
      runId: execution.name,
      elapsedMs: clock.now() - Date.parse(execution.started_at),
      tally: await tracker.tally(environment.roles),
      error: new SyncError(code, detail === '' ? `${what} (${name})` : detail),
    };
    const counted = summariseFacts(facts);
    // A fault of the platform ends a process with 1, but a run that it ended early has failed.
    const finished = counted.outcome === 'expired' ? counted : { ...counted, outcome: 'failed' as const };
    await tracker.finishRun(execution.name, finished.outcome, JSON.stringify(finished));
    report(finished);
    stands = standingLine(finished);
  }
  await tracker.releaseRunLease(execution.arn);
  return stands;
}
