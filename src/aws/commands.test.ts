import { expect, test } from 'vitest';
import { renewHint } from '../source/gopro/credentials.ts';
import { adviceFor } from './commands.ts';

const text =
  '`cloud-sync aws logs --follow` and `cloud-sync aws run`, not `cloud-sync status`, nor cloud-sync aws without quotes';

test('commands of aws name the stage, unless it is prod', () => {
  expect(adviceFor('prod', text)).toBe(text);
  const inDev =
    '`cloud-sync aws logs --follow --env dev` and `cloud-sync aws run --env dev`, not `cloud-sync status`, nor cloud-sync aws without quotes';
  expect(adviceFor('dev', text)).toBe(inDev);
  expect(adviceFor('dev', inDev)).toBe(inDev);
});

test.each([
  ['prod', undefined, '`cloud-sync login gopro --to-secret gopro/credentials`'],
  ['dev', undefined, '`cloud-sync login gopro --to-secret cloud-sync-dev-gopro/credentials`'],
  ['prod', 'my/$&', '`cloud-sync login gopro --to-secret my/$&`'],
] as const)('what the source advises against a refusal renews the secret: %s %s', (stage, secret, command) => {
  const advice = adviceFor(stage, renewHint, secret);
  expect(advice).toContain(command);
  expect(adviceFor(stage, advice, secret)).toBe(advice);
});
