import { z } from 'zod';
import { stages } from '../src/config/stages.ts';

const environmentVariables = z.record(z.string(), z.string());

const contextSchema = z.strictObject({
  /** The environment to deploy. */
  env: z.enum(stages),
  /** The address that receives notifications. The owner of the address has to confirm it once. */
  email: z.email().optional(),
  /**
   * With `unlocked` people can delete archived files. The next deployment without this setting
   * locks the archive again.
   */
  archive: z.enum(['locked', 'unlocked']).default('locked'),
  /**
   * True to leave out resources that the emulator of the tests refuses: the composite alarm, the
   * policy of the secret and the saved log queries.
   */
  emulator: z.stringbool().default(false),
  // Tests use the settings below to replace the real services.
  goproApiUrl: z.url().optional(),
  s3Endpoint: z.url().optional(),
  archiveBucket: z.string().optional(),
  stallTimeoutMs: z.coerce.number().int().positive().optional(),
  sliceSeconds: z.coerce.number().positive().optional(),
  quarantineAfter: z.coerce.number().int().positive().optional(),
  downloaderTimeoutSeconds: z.coerce.number().int().positive().optional(),
  /** Additional environment variables for every function, as a JSON object. */
  functionEnvironment: z
    .string()
    .transform((text, { issues }) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        issues.push({ code: 'custom', message: 'not JSON', input: text });
        return {};
      }
    })
    .pipe(environmentVariables)
    .default({}),
});
export type Context = Readonly<z.infer<typeof contextSchema>>;

/** The names of our own settings have this form. CDK's own flags contain other characters. */
const ownKey = /^[a-z][a-z0-9]*$/i;

/**
 * Reads the settings given with `-c`. Errors: RangeError, which names each missing, wrong or
 * unknown setting.
 */
export function readContext(all: Readonly<Record<string, unknown>>): Context {
  const given = Object.entries(all).filter(([key]) => ownKey.test(key));
  const parsed = contextSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const isEnv = parsed.error.issues.some(({ path }) => path[0] === 'env');
  const hint = isEnv ? `\nName an environment with -c env=${stages.join('|')}.` : '';
  throw new RangeError(`-c: ${z.prettifyError(parsed.error)}${hint}`);
}
