import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/**
 * Commits the writes of several callers together if they come at about the same time. With many
 * small files at once, a commit for each step of each file would cost more than the steps. Steps
 * wait outside any transaction and then run together, so a read while they wait sees only committed
 * writes.
 */
export interface CommitGroup {
  /**
   * Runs `work` with the next group, in the order of the calls. If `work` fails, it changes
   * nothing. When its result arrives, its writes are committed. `work` is synchronous and has no
   * effect except on the database, because it runs again whenever another step of its group fails.
   */
  transaction<Result>(this: void, work: () => Result): Promise<Result>;
  /** Runs the waiting steps now. */
  flush(this: void): void;
}

interface Step {
  /** Runs the step. Returns a function that gives the answer after the commit. */
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

  /**
   * Plans a flush. A single caller never waits. If its group has already run, the flush does no
   * harm.
   */
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
 * step. So the steps need no savepoints. The failed step gets its error only after the commit of
 * the earlier steps, because they may be the cause. If the transaction itself cannot begin or
 * commit, every step fails.
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
