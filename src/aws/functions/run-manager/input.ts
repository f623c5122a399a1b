import { SyncError } from '../../../errors.ts';
import { executionInput, type RunInput } from '../../contract.ts';

/** Parses the input of an execution. Errors: USAGE, which names each wrong field. */
export function parseInput(input: unknown): RunInput {
  const parsed = executionInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => [path.join('.') || 'the input', message].join(': ')).join('; ');
  throw new SyncError('USAGE', `the input of this execution is wrong: ${wrong}`, {
    hint: 'Start an execution with {} or with {"provider": "gopro", "trigger": "manual", "full_listing": true}; each field is optional.',
  });
}

/**
 * Returns the names of unknown or misspelt fields. Such fields are not an error, because the AWS
 * console itself suggests a field `Comment`.
 */
export function unknownFields(input: unknown): readonly string[] {
  return Object.keys(input ?? {}).filter((name) => !(name in executionInput.shape));
}
