import { z } from 'zod';
import { stages } from '../src/config/stages.ts';

const environmentVariables = z.record(z.string(), z.string());

const contextSchema = z.strictObject({
  /** Which environment. */
  env: z.enum(stages),
  /** Gets the notifications by mail; has to confirm it once. */
  email: z.email().optional(),
  /**
   * Leaves out what the tests' emulator refuses: the composite alarm, the secret's policy, saved
   * log queries.
   */
  emulator: z.stringbool().default(false),
  // The rest stands in for the outer world in tests.
  goproApiUrl: z.url().optional(),
  s3Endpoint: z.url().optional(),
  archiveBucket: z.string().optional(),
  stallTimeoutMs: z.coerce.number().int().positive().optional(),
  sliceSeconds: z.coerce.number().positive().optional(),
  quarantineAfter: z.coerce.number().int().positive().optional(),
  downloaderTimeoutSeconds: z.coerce.number().int().positive().optional(),
  /** More environment of every function, as a JSON object. */
  functionEnvironment: z
    .string()
    .transform((text, { issues }) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        issues.push({ code: 'custom', message: 'no JSON', input: text });
        return {};
      }
    })
    .pipe(environmentVariables)
    .default({}),
});
export type Context = Readonly<z.infer<typeof contextSchema>>;

/** Names like ours; the flags of CDK itself have signs in theirs. */
const ownKey = /^[a-z][a-z0-9]*$/i;

/**
 * The settings given with `-c`. Errors: RangeError that names what is missing, wrong or unknown.
 */
export function readContext(all: Readonly<Record<string, unknown>>): Context {
  const given = Object.entries(all).filter(([key]) => ownKey.test(key));
  const parsed = contextSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const isEnv = parsed.error.issues.some(({ path }) => path[0] === 'env');
  const hint = isEnv ? `\nAn environment is named with -c env=${stages.join('|')}.` : '';
  throw new RangeError(`-c: ${z.prettifyError(parsed.error)}${hint}`);
}
