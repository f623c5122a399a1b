import { asSyncError } from '../../errors.ts';

/** What a check found. `advice` says what to do; without it there is nothing to do. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail';
  readonly subject: string;
  readonly message: string;
  readonly advice?: string;
}

/** Several findings on one subject; what the check throws is a failure. */
export async function check(
  subject: string,
  look: () => Promise<readonly Omit<Finding, 'subject'>[]>,
): Promise<readonly Finding[]> {
  try {
    return (await look()).map((finding) => ({ subject, ...finding }));
  } catch (thrown) {
    const { message, hint } = asSyncError(thrown);
    return [{ level: 'fail', subject, message, ...(hint !== undefined && { advice: hint }) }];
  }
}
