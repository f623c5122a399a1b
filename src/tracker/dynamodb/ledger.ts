import { isoTime, type Clock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import { kindOf, type Key } from './keys.ts';
import type { MediumFields } from '../rules/medium-fields.ts';
import { groupOf, statusIndex, statusKey, type Group, type OriginalRow } from './rows.ts';
import type { Store } from './store.ts';
import { inUnit, type Unit } from './unit.ts';
import { toItem, type Item } from './values.ts';

/** What all parts of the DynamoDB tracker work with. */
export interface Ledger {
  readonly store: Store;
  readonly provider: Provider;
  /** null: of every account. */
  readonly account: string | null;
  readonly partition: string;
  nowMs(): number;
  /** ISO 8601. */
  now(): string;
  /** `inUnit` on this ledger's partition. */
  unit<Result>(act: (unit: Unit) => Promise<Result>): Promise<Result>;
  /** A row of the partition that is neither a medium's nor an original's. */
  at(sortKey: string): Key;
  group(mediaId: string): Promise<Group | undefined>;
  /**
   * Every medium with its originals, in the order of their sort keys, as one paginated query. With `columns`, only those can be relied on.
   */
  groups(columns?: Columns): AsyncGenerator<Group>;
  /** Rows in a status, up to a moment. By the index, which shows a write a moment later. */
  inStatus(status: string, until?: string): Promise<readonly Found[]>;
}

export type Columns = readonly (keyof MediumFields | keyof OriginalRow)[];

export interface Found {
  readonly kind: 'medium' | 'original';
  readonly id: string;
  /** Of an original that is claimed. */
  readonly owner: string | undefined;
}

export function createLedger(options: {
  readonly store: Store;
  readonly provider: Provider;
  readonly account: string | null;
  readonly clock: Clock;
}): Ledger {
  const { store, provider, account, clock } = options;
  const partition = account === null ? provider : `${provider}#${account}`;
  const at = (sortKey: string): Key => ({ provider: partition, media_id: sortKey });

  async function* groups(columns?: Columns): AsyncGenerator<Group> {
    let open: Item[] = [];
    const query = {
      KeyConditionExpression: '#provider = :partition',
      ExpressionAttributeValues: toItem({ ':partition': partition }),
      ...projection(columns),
    };
    for await (const page of store.pages(query)) {
      for (const item of page) {
        const kind = kindOf(item['media_id']!.S!);
        if (kind === 'other') continue;
        if (kind === 'medium') {
          const group = groupOf(open);
          if (group) yield group;
          open = [];
        }
        open.push(item);
      }
    }
    const group = groupOf(open);
    if (group) yield group;
  }

  return {
    store,
    provider,
    account,
    partition,
    at,
    nowMs: () => clock.now(),
    now: () => isoTime(clock.now()),
    unit: (act) => inUnit(store, partition, act),
    group: (mediaId) => inUnit(store, partition, (unit) => unit.group(mediaId)),
    groups,
    inStatus: async (status, until) => {
      const found: Item[] = [];
      const pages = store.pages({
        IndexName: statusIndex,
        KeyConditionExpression: `provider_status = :status${until === undefined ? '' : ' AND sync_timestamp <= :until'}`,
        ExpressionAttributeValues: toItem({ ':status': statusKey(partition, status), ':until': until }),
      });
      for await (const page of pages) found.push(...page);
      return found.map((item) => ({
        kind: kindOf(item['media_id']!.S!) === 'medium' ? 'medium' : 'original',
        id: item['id']!.S!,
        owner: item['owner']?.S,
      }));
    },
  };
}

/** Everything, or the columns asked for with what tells the rows apart. */
function projection(columns: Columns | undefined) {
  if (!columns) return { ExpressionAttributeNames: { '#provider': 'provider' } };
  const names = [...new Set(['provider', 'media_id', 'id', 'place', ...columns])];
  return {
    ProjectionExpression: names.map((name) => `#${name}`).join(),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  };
}
