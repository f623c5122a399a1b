import { expect, test } from 'vitest';
import { describeStorageCost, readingCost, storageCost, storageSteps, type StorageSteps } from './storage-cost.ts';

/**
 * Each entry has storage steps and the published cost of one TB in USD, in the first year and in
 * each later year. A step is a storage class and the day on which a file enters that class.
 */
const known: readonly (readonly [StorageSteps, number, number])[] = [
  [storageSteps['deep-archive'], 17.73, 12.33],
  [storageSteps.standard, 286.64, 286.55],
  [
    [
      { storageClass: 'standard', fromDay: 0 },
      { storageClass: 'deep-archive', fromDay: 1 },
    ],
    13.23,
    12.33,
  ],
  // The file stays for a week in a class that charges for at least ninety days.
  [
    [
      { storageClass: 'standard', fromDay: 0 },
      { storageClass: 'instant', fromDay: 7 },
      { storageClass: 'deep-archive', fromDay: 14 },
    ],
    29.81,
    12.33,
  ],
];

test.each(known)('the cost of a TB with the steps %j is the published cost', (steps, firstYearUsd, laterYearUsd) => {
  const cost = storageCost(steps);
  expect([cost.firstYearUsd.toFixed(2), cost.laterYearUsd.toFixed(2)]).toEqual([String(firstYearUsd), String(laterYearUsd)]);
});

test('the storage profile `instant` costs four times as much as `deep-archive`', () => {
  const { firstYearUsd, laterYearUsd, monthUsd } = storageCost(storageSteps.instant);
  expect(laterYearUsd).toBeCloseTo(49.83, 2);
  expect(monthUsd).toBeCloseTo(4.1, 1);
  expect(firstYearUsd - laterYearUsd).toBeCloseTo(0.11, 2);
});

test('a synth prints the cost of the chosen profile and of the other profiles', () => {
  expect(describeStorageCost('deep-archive').split('\n')).toEqual([
    'Storage of one TB by profile, list prices:',
    '→ deep-archive     17.73 USD in the first year,    12.33 in each later one,     1.01 a month,   105.74 to get it back',
    '  instant          49.95 USD in the first year,    49.83 in each later one,     4.10 a month,   122.89 to get it back',
    '  standard        286.64 USD in the first year,   286.55 in each later one,    23.55 a month,    92.16 to get it back',
  ]);
});

/** The hand calculation for 1,000 files and 1,024 GB, readable for 14 days. */
test('the cost of getting a TB back includes thawing it in bulk and sending it over the internet', () => {
  const copy = (1_024 * 0.023 * 14) / 30;
  expect(readingCost(storageSteps['deep-archive'])).toBeCloseTo(0.025 + 1_024 * 0.0025 + copy + 0.0004 + 1_024 * 0.09, 2);
  expect(readingCost(storageSteps.instant)).toBeCloseTo(0.01 + 1_024 * (0.03 + 0.09), 2);
});
