import { defineConfig } from 'vitest/config';

// `unit` and `e2e` are the README's test command; `s3`, `aws` and `scale` need more than Node and npm, or more time.
export default defineConfig({
  test: {
    // Most of a test's time is waiting for another process, so two workers keep two cores busy.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/conformance/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
      { test: { name: 's3', include: ['test/s3/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
      { test: { name: 'aws', include: ['test/aws/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 600_000 } },
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
