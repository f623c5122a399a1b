import { asSyncError } from '../../errors.ts';

/** The result of a check. `advice` says what to do. It is absent if there is nothing to do. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail';
  readonly subject: string;
  readonly message: string;
  readonly advice?: string;
}

/** Runs one check. If the check throws an error, the result is a finding of level `fail`. */
export async function check(
  subject: string,
  find: () => Promise<readonly Omit<Finding, 'subject'>[]>,
): Promise<readonly Finding[]> {
  try {
    return (await find()).map((finding) => ({ subject, ...finding }));
  } catch (thrown) {
    const { message, hint } = asSyncError(thrown);
    return [{ level: 'fail', subject, message, ...(hint !== undefined && { advice: hint }) }];
  }
}
