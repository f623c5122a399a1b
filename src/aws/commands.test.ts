import { expect, test } from 'vitest';
import { SyncError } from '../errors.ts';
import { renewHint } from '../source/gopro/credentials.ts';
import { commandsFor } from './commands.ts';
import { stateErrorOf } from './state-error.ts';

test.each([
  ['prod', 'aws logs --follow', '`cloud-sync aws logs --follow`'],
  ['dev', 'aws logs --follow', '`cloud-sync aws logs --follow --env dev`'],
  ['dev', 'status', '`cloud-sync status`'],
] as const)('in the stage %s the command `%s` is shown as a person has to type it', (stage, command, shown) => {
  expect(commandsFor({ stage })(command)).toBe(shown);
});

test.each([
  ['prod', undefined, '`cloud-sync login gopro --to-secret gopro/credentials`'],
  ['dev', undefined, '`cloud-sync login gopro --to-secret cloud-sync-dev-gopro/credentials`'],
  ['prod', 'my/$&', '`cloud-sync login gopro --to-secret my/$&`'],
] as const)(
  'in the stage %s, with the secret %s, the hint on refused credentials has the command that renews them',
  (stage, secret, command) => {
    const error = new SyncError('CREDENTIALS_EXPIRED', 'api.gopro.com refuses the credentials', { hint: renewHint });
    const { Error, Cause } = stateErrorOf(error, { stage, ...(secret !== undefined && { secret }) });
    expect(Error).toBe('CREDENTIALS_EXPIRED');
    expect(Cause).toBe(`api.gopro.com refuses the credentials. Sign in at gopro.com and renew the credentials with ${command}.`);
    expect(error.hint).toBe('Sign in at gopro.com and renew the credentials with `cloud-sync login gopro`.');
  },
);
