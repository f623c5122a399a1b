import { expect, test } from 'vitest';
import { outcomeOf } from './lying.ts';

const whole = { wrong: [], surplus: [], missing: [] };

test.each([
  [0, whole, 'survived'],
  [0, { ...whole, wrong: ['1.mp4 differs'] }, 'reported success with wrong bytes'],
  [0, { ...whole, missing: [1] }, 'reported success with wrong bytes'],
  [1, { ...whole, missing: [1], surplus: ['1.mp4.partial was not served'] }, 'detected'],
  [18, { ...whole, wrong: ['1.mp4 differs'] }, 'detected, but left a damaged file under its name'],
] as const)('exit code %i with the differences %o has the outcome "%s"', (exitCode, found, outcome) => {
  expect(outcomeOf(exitCode, found)).toBe(outcome);
});
