import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, the longest first; all others take a few seconds at most. */
const longFiles = [
  'test/aws/engine/many.test.ts',
  'test/kills/steps.test.ts',
  'test/kills/repair.test.ts',
  'test/kills/first-run.test.ts',
  'test/e2e/lease.e2e.test.ts',
  'test/surroundings/faults-media.test.ts',
  'test/kills/anytime.test.ts',
  'test/surroundings/stores.test.ts',
  'test/surroundings/faults-s3.test.ts',
  'test/e2e/faults-api.e2e.test.ts',
  'test/e2e/archives.e2e.test.ts',
  'test/e2e/evidence.e2e.test.ts',
  'test/e2e/first-runs.e2e.test.ts',
  'test/e2e/accept.e2e.test.ts',
  'src/cli/commands/sync.test.ts',
  'src/cli/cli.test.ts',
  'test/e2e/first-sync.e2e.test.ts',
  'test/conformance/destination-s3.test.ts',
  'test/e2e/endings.e2e.test.ts',
  'test/e2e/examples.e2e.test.ts',
  'src/cli/aws/run.test.ts',
  'test/e2e/slices.e2e.test.ts',
  'src/cli/bad-input.test.ts',
  'test/e2e/changes.e2e.test.ts',
];

function placeInLine({ moduleId }: TestSpecification): number {
  const place = longFiles.findIndex((file) => moduleId.endsWith(`/${file}`));
  return place < 0 ? longFiles.length : place;
}

/** The files that take long begin first, so that none of them runs on alone when all others have ended. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => placeInLine(a) - placeInLine(b));
  }
}

// `unit` and `e2e` are the README's test command. The other projects need more than Node and npm, or more time.
export default defineConfig({
  test: {
    // Tests spend a good part of their time waiting for a clock or another process. Two workers more than cores keep two cores busy. Many more gain
    // nothing: the longest file takes as long as it takes, and the emulators of other projects serve all workers.
    maxWorkers: Math.min(availableParallelism() + 2, 4),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'infra/**/*.test.ts',
            'bench/**/*.test.ts',
            'tools/**/*.test.ts',
            'test/conformance/*.test.ts',
            'test/s3-server/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
      { test: { name: 'surroundings', include: ['test/surroundings/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 60_000 } },
      { test: { name: 'kills', include: ['test/kills/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 60_000 } },
      { test: { name: 'proof', include: ['test/proof/**/*.test.ts'], testTimeout: 1_200_000, hookTimeout: 60_000 } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 's3', include: ['test/s3/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
      {
        test: {
          name: 'aws',
          include: ['test/aws/**/*.test.ts'],
          globalSetup: ['test/aws/support/global-setup.ts'],
          provide: { dynamodb: 'ministack', archiveStore: 'ministack' },
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      // The same against an emulator that needs Java and a store that needs Go.
      {
        test: {
          name: 'aws-more',
          include: ['test/aws/tracker-*.test.ts', 'test/aws/engine/slices.test.ts'],
          globalSetup: ['test/aws/support/global-setup.ts'],
          provide: { dynamodb: 'dynamodb-local', archiveStore: 'versitygw' },
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      { test: { name: 'storms', include: ['test/storms/**/*.test.ts'], testTimeout: 7_200_000 } },
      {
        test: {
          name: 'scale',
          fileParallelism: false,
          include: ['test/scale/**/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
