import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './database.ts';

/**
 * One commit for all that is asked within one turn of the event loop: with many small files at once, a commit for each step of each file
 * would cost more than the steps. The steps are carried out together when the turn ends, and nobody is answered before the commit.
 */
export interface CommitGroup {
  /** All of `work` or nothing of it. */
  transaction<Result>(this: void, work: () => Result): Result;
  /** Carries `step` out with the next group; what it read and wrote is committed when its result is given. */
  inGroup<Result>(this: void, step: () => Result | Promise<Result>): Promise<Result>;
  /** Carries out what waits, now. */
  flush(this: void): void;
}

interface Step {
  /** Returns how to answer once the group is committed. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

export function createCommitGroup(database: DatabaseSync): CommitGroup {
  const save = database.prepare('SAVEPOINT step');
  const release = database.prepare('RELEASE step');
  const undo = database.prepare('ROLLBACK TO step');
  let waiting: Step[] = [];
  let isRunning = false;
  /** Set when SQLite itself rolled the whole group back, as for a full disk. */
  let lost: { readonly error: unknown } | undefined;

  /** A step of its own, so that one that fails takes nothing of the others with it. */
  function asStep<Result>(work: () => Result): Result {
    if (lost) throw lost.error;
    if (!database.isTransaction) database.exec('BEGIN IMMEDIATE');
    save.run();
    try {
      const result = work();
      release.run();
      return result;
    } catch (error) {
      if (database.isTransaction) {
        undo.run();
        release.run();
      } else {
        lost = { error };
      }
      throw error;
    }
  }

  function flush(): void {
    const done: { readonly answer: () => void; readonly reject: Step['reject'] }[] = [];
    const steps = waiting;
    waiting = [];
    isRunning = true;
    for (const { run, reject } of steps) {
      try {
        done.push({ answer: run(), reject });
      } catch (error) {
        reject(error);
      }
    }
    isRunning = false;
    try {
      commit();
    } catch (error) {
      for (const { reject } of done) reject(error);
      return;
    }
    for (const { answer } of done) answer();
  }

  function commit(): void {
    const { error } = lost ?? {};
    lost = undefined;
    if (error !== undefined) throw error;
    if (!database.isOpen || !database.isTransaction) return;
    try {
      database.exec('COMMIT');
    } catch (failure) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw failure;
    }
  }

  return {
    transaction: (work) => (isRunning ? asStep(work) : inTransaction(database, work)),
    inGroup: async <Result>(step: () => Result | Promise<Result>) => {
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      if (waiting.length === 0) setImmediate(flush);
      const run = () => {
        const result = step();
        return () => resolve(result);
      };
      waiting.push({ run, reject });
      return promise;
    },
    flush,
  };
}
