import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

function isLong({ moduleId }: TestSpecification): boolean {
  return moduleId.endsWith('aws/engine/many.test.ts');
}

/** The file that takes minutes begins first, so that it does not run on alone when all others have ended. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// `unit` and `e2e` are the README's test command; `s3`, `aws` and `scale` need more than Node and npm, or more time.
export default defineConfig({
  test: {
    // Most of a test's time is waiting for another process, so two workers keep two cores busy.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'infra/**/*.test.ts', 'bench/**/*.test.ts', 'test/conformance/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
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
