import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/**
 * One commit for the writes of several callers at about the same time. With many small files at
 * once, a commit for each step of each file would cost more than the steps. Steps wait outside any
 * transaction and run together, so a read in between sees only committed writes.
 */
export interface CommitGroup {
  /**
   * Runs `work` with the next group, in the order of the calls, all or nothing. Its writes are
   * committed when the result arrives. `work` is synchronous and has no effect except on the
   * database, because it runs again whenever another step of its group fails.
   */
  transaction<Result>(this: void, work: () => Result): Promise<Result>;
  /** Runs the waiting steps now. */
  flush(this: void): void;
}

interface Step {
  /** Returns the answer to give after the commit. */
  readonly run: () => Answer;
  readonly reject: (error: unknown) => void;
}

type Answer = () => void;

/** The pause between two commits while several callers write, in ms. */
const pauseMs = 2;

export function createCommitGroup(database: DatabaseSync): CommitGroup {
  let waiting: Step[] = [];
  let hadCompany = false;
  let committedAtMs = 0;

  function flush(): void {
    if (waiting.length === 0) return;
    const steps = waiting;
    waiting = [];
    const answers = carryOut(database, steps);
    hadCompany = steps.length > 1;
    committedAtMs = performance.now();
    for (const answer of answers) answer();
  }

  /** A single caller never waits. A call whose group has already run does no harm. */
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
 * Commits the steps together. If one fails, the group is rolled back and repeated without it, which
 * needs no savepoint for the others. The failed step gets its error after the commit of the earlier
 * steps, which may be the cause. If the transaction itself cannot begin or commit, every step
 * fails.
 */
function carryOut(database: DatabaseSync, steps: readonly Step[]): readonly Answer[] {
  const failures = new Map<Step, Answer>();
  for (;;) {
    let current: Step | undefined;
    const run = (step: Step): Answer => {
      current = step;
      return failures.get(step) ?? step.run();
    };
    const runAll = () => {
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
