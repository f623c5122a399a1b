import { SyncError } from '../../../errors.ts';
import { executionInput, type RunInput } from '../../contract.ts';

/** Parses the input. Errors: USAGE, with each wrong field. */
export function parseInput(input: unknown): RunInput {
  const parsed = executionInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => [path.join('.') || 'the input', message].join(': ')).join('; ');
  throw new SyncError('USAGE', `the input of this execution is wrong: ${wrong}`, {
    hint: 'Start it with {} or with {"provider": "gopro", "trigger": "manual", "full_listing": true}; each field is optional.',
  });
}

/** Unknown or misspelt fields. They are not an error, because the console suggests a `Comment`. */
export function unknownFields(input: unknown): readonly string[] {
  return Object.keys(input ?? {}).filter((name) => !(name in executionInput.shape));
}
