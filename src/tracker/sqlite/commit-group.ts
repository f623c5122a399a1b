import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/**
 * One commit for what several callers write at about the same time: with many small files at once,
 * a commit for each step of each file would cost more than the steps. Steps wait outside of any
 * transaction and are carried out together in one go, so whoever reads in between sees only what is
 * committed.
 */
export interface CommitGroup {
  /**
   * Carries `work` out with the next group, in the order of the calls: all of it or nothing. What
   * it wrote is committed when its result is given. `work` is synchronous, and is carried out anew
   * whenever another step of its group fails, so it has no effect but on the database.
   */
  transaction<Result>(this: void, work: () => Result): Promise<Result>;
  /** Carries out what waits, now. */
  flush(this: void): void;
}

interface Step {
  /** Returns how to answer once the group is committed. */
  readonly run: () => Answer;
  readonly reject: (error: unknown) => void;
}

type Answer = () => void;

/** Time from one commit to the next while several work side by side, in ms. */
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

  /** Who works alone never waits. A call whose group is already carried out does no harm. */
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
 * Commits the steps together. When one of them fails, all is taken back and done again without it,
 * which needs no savepoint for the many that do not; it learns of its failure only after the commit
 * of those before it, which may be its reason. When the transaction itself cannot begin or be
 * committed, nobody's step was done.
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
