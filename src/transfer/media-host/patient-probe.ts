import { asSyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { createAttemptBudget } from '../original/attempt-budget.ts';
import { probeWithSlot, type Probe } from './probe.ts';

/**
 * Probes an archived original, and tries again while the media host fails. Errors: those of
 * `probeWithSlot` that another attempt would not change; PATIENCE_EXHAUSTED.
 */
export async function probePatiently(
  ports: Parameters<typeof probeWithSlot>[0] & { readonly clock: Clock },
  original: Omit<Parameters<typeof probeWithSlot>[1], 'order'>,
): Promise<Probe> {
  const budget = createAttemptBudget(ports.clock);
  for (;;) {
    const ticket = budget.begin();
    try {
      return await probeWithSlot(ports, { ...original, order: 0 }, { tryHead: true });
    } catch (thrown) {
      await budget.waitAfterFailure(ticket, asSyncError(thrown), original.signal);
    }
  }
}
