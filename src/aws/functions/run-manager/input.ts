import { z } from 'zod';
import { SyncError } from '../../../errors.ts';
import type { Provider } from '../../../media.ts';

/** An `ExecutionInput` with all that was left out. */
interface RunInput {
  readonly provider: Provider;
  readonly trigger: 'schedule' | 'manual';
  readonly full_listing: boolean;
}

/** Unknown fields are no error: the console of Step Functions suggests a `Comment` as the input. */
const shape = z.object({
  provider: z.enum(['gopro']).default('gopro'),
  trigger: z.enum(['schedule', 'manual']).default('manual'),
  full_listing: z.boolean().default(false),
}) satisfies z.ZodType<RunInput>;

/** Errors: USAGE, naming each field that is wrong. */
export function parseInput(input: unknown): RunInput {
  const parsed = shape.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => [path.join('.') || 'the input', message].join(': ')).join('; ');
  throw new SyncError('USAGE', `the input of this execution is wrong: ${wrong}`, {
    hint: 'Start it with {} or with {"provider": "gopro", "trigger": "manual", "full_listing": true}; each field may be left out.',
  });
}

/** Fields that mean nothing here, such as misspelled ones. */
export function unknownFields(input: unknown): readonly string[] {
  return Object.keys(input ?? {}).filter((name) => !(name in shape.shape));
}
