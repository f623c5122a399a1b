import type { Destination } from '../destination/destination.ts';
import type { HeldLease } from './held-lease.ts';

/**
 * A destination that changes nothing after the run lost its lease. Each method with an effect first
 * confirms the lease.
 */
export function fenced(destination: Destination, { confirm }: Pick<HeldLease, 'confirm'>): Destination {
  const confirmed = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    await confirm();
    return act();
  };
  return {
    ...destination,
    open: async (...args) => confirmed(() => destination.open(...args)),
    commit: async (...args) => confirmed(() => destination.commit(...args)),
    describe: async (...args) => confirmed(() => destination.describe(...args)),
    abort: async (state) => confirmed(() => destination.abort(state)),
    sweep: async (keep) => confirmed(() => destination.sweep(keep)),
  };
}
