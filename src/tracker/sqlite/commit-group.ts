import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/**
 * Commits the steps of several callers together, because a commit costs more than the step of a
 * small file. Steps wait outside any transaction, so a read meanwhile sees only committed writes.
 */
export interface CommitGroup {
  /**
   * Runs `work` as a step of the next group, in the order of the calls. Its writes are committed
   * when the promise resolves. If it throws, none of its writes are kept. `work` must be
   * synchronous and change only the database, because it runs again if another step of the group
   * fails.
   */
  transaction<Result>(this: void, work: () => Result): Promise<Result>;
  /** Runs the waiting steps now. */
  flush(this: void): void;
}

interface Step {
  /** Runs the work. The returned function answers the caller, so it is called after the commit. */
  readonly run: () => Answer;
  readonly reject: (error: unknown) => void;
}

type Answer = () => void;

/** The pause between two commits while several callers write, in ms. */
const pauseMs = 2;

/** `guard` runs at the start of each group. If `guard` throws, every step of the group fails. */
export function createCommitGroup(database: DatabaseSync, guard: () => void = () => {}): CommitGroup {
  let waiting: Step[] = [];
  let hadCompany = false;
  let committedAtMs = 0;

  function flush(): void {
    if (waiting.length === 0) return;
    const steps = waiting;
    waiting = [];
    const answers = carryOut(database, steps, guard);
    hadCompany = steps.length > 1;
    committedAtMs = performance.now();
    for (const answer of answers) answer();
  }

  /** Plans a flush, without a pause if the last group had only one step. */
  function flushSoon(): void {
    const restMs = hadCompany ? committedAtMs + pauseMs - performance.now() : 0;
    if (restMs > 0) setTimeout(flush, restMs);
    else setImmediate(flush);
  }

  return {
    transaction: async <Result>(work: () => Result) => {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      if (waiting.length === 0) flushSoon();
      const run = () => {
        const result = work();
        return () => resolve(result);
      };
      waiting.push({ run, reject });
      return promise;
    },
    flush,
  };
}

/**
 * Commits the steps together. If a step fails, the group is rolled back and repeated without that
 * step, so no savepoints are needed. A failed step gets its error after the commit, because an
 * earlier step may have caused the error. If the transaction cannot begin or commit, or if the
 * guard throws, every step fails.
 */
function carryOut(database: DatabaseSync, steps: readonly Step[], guard: () => void): readonly Answer[] {
  const failures = new Map<Step, Answer>();
  for (;;) {
    let current: Step | undefined;
    const run = (step: Step): Answer => {
      current = step;
      return failures.get(step) ?? step.run();
    };
    const runAll = () => {
      guard();
      const answers = steps.map(run);
      current = undefined;
      return answers;
    };
    try {
      return inTransaction(database, runAll);
    } catch (error) {
      if (!current) return steps.map((step) => () => step.reject(error));
      const { reject } = current;
      failures.set(current, () => reject(error));
    }
  }
}
