import { afterEach, beforeEach, vi } from 'vitest';

/** Collects the log lines of Powertools in each test. Call it once, at the top of the file. */
export function useLines(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  beforeEach(() => {
    lines.length = 0;
    // POWERTOOLS_DEV sends the lines to the global console, which a test can spy on. The second
    // variable keeps metrics on, which POWERTOOLS_DEV alone would turn off.
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    for (const method of ['log', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, method).mockImplementation(
        (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>),
      );
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  return lines;
}
