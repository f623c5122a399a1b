import type { Clock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import type { Key } from './keys.ts';
import type { Table } from './table.ts';

/** What all parts of the DynamoDB store work with: the partition of a table that has one ledger. */
export interface Partition extends Table {
  readonly name: string;
  readonly provider: Provider;
  /** null: all accounts share the ledger. */
  readonly account: string | null;
  readonly clock: Clock;
}

const daySeconds = 86_400;

export function rowKey({ name }: Partition, sortKey: string): Key {
  return { provider: name, media_id: sortKey };
}

/** The TTL attribute of rows of runs and leases. Seconds since 1970. */
export function expiry({ clock }: Partition, days: number): number {
  return Math.floor(clock.now() / 1000) + days * daySeconds;
}
