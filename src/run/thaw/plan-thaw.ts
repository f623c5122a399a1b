import type { FrozenFile, Thawing, ThawWish } from '../../destination/thawing.ts';
import type { ThawGroup } from '../../events.ts';
import { thawTiers } from '../../media.ts';

export interface ThawPlan {
  /** The files to ask for. */
  readonly frozen: readonly FrozenFile[];
  readonly groups: readonly ThawGroup[];
  /** The number of files that the store thaws already. */
  readonly thawing: number;
  /** The number of files that can be read now. */
  readonly thawed: number;
}

/** Computes what it takes to thaw files, by storage class and tier. */
export function planThaw(
  files: Iterable<FrozenFile>,
  { terms }: Pick<Thawing, 'terms'>,
  { days }: Pick<ThawWish, 'days'>,
): ThawPlan {
  const byState = Object.groupBy(files, ({ state }) => state);
  const { frozen = [] } = byState;
  const groups = [...Map.groupBy(frozen, ({ storageClass }) => storageClass)].map(([storageClass, group]) => {
    const tiers = thawTiers.map((tier) => {
      const all = group.map((file) => terms(file, { tier, days })).filter((one) => one !== undefined);
      if (all.length < group.length) return [tier, null] as const;
      return [tier, { usd: sum(all, ({ usd }) => usd), hours: Math.max(...all.map(({ hours }) => hours)) }] as const;
    });
    const sending = group.map((file) => terms(file, { tier: 'bulk', days })?.sendingUsd);
    const sendingUsd = sending.every((usd) => usd !== undefined) ? sum(sending, (usd) => usd) : null;
    const bytes = sum(group, ({ sizeBytes }) => sizeBytes);
    return { storageClass, files: group.length, bytes, tiers: Object.fromEntries(tiers) as ThawGroup['tiers'], sendingUsd };
  });
  return { frozen, groups, thawing: byState.thawing?.length ?? 0, thawed: byState.thawed?.length ?? 0 };
}

function sum<Item>(items: readonly Item[], valueOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
