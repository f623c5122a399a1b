import { SyncError } from '../../../errors.ts';
import { executionInput, type RunInput } from '../../contract.ts';

/** Errors: USAGE, naming each wrong field. */
export function parseInput(input: unknown): RunInput {
  const parsed = executionInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => [path.join('.') || 'the input', message].join(': ')).join('; ');
  throw new SyncError('USAGE', `the input of this execution is wrong: ${wrong}`, {
    hint: 'Start it with {} or with {"provider": "gopro", "trigger": "manual", "full_listing": true}; each field may be left out.',
  });
}

/** Unknown fields, such as misspelt ones. They are no error: the console suggests a `Comment`. */
export function unknownFields(input: unknown): readonly string[] {
  return Object.keys(input ?? {}).filter((name) => !(name in executionInput.shape));
}
