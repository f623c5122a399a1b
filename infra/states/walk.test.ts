import { describe, expect, test } from 'vitest';
import { messages, type AskingState } from '../../src/aws/contract.ts';
import { contextOf, execution, shortLengths, turnsOf, workLineOf } from '../../test/aws/support/replies.ts';
import { childInputs, edges, walks, type Step, type Walk } from '../../test/aws/support/states-language.ts';
import { definitionIn, type Json } from './definition.ts';
import { sampleStack } from '../../test/aws/support/sample-machine.ts';

const machine = definitionIn(sampleStack());
const map = machine.States['DownloadVideos'];
const child = map?.ItemProcessor ?? { StartAt: '', States: {} };
const turns = turnsOf(shortLengths, { media: 100_000, workLines: 4_000 });
const parentContext = contextOf(execution(shortLengths));
const parentWalks = [...walks(machine, {}, { context: parentContext, turns })];
const mapInput = steps(parentWalks).find(({ state }) => state === 'DownloadVideos')?.input ?? null;
const [childInput = null] = childInputs(map!, mapInput, parentContext, [
  JSON.parse(JSON.stringify(workLineOf(shortLengths))) as Json,
]);
const childWalks = [...walks(child, childInput, { context: contextOf(execution(shortLengths, '/DownloadVideos')), turns })];

test.each([
  { name: 'the run', all: parentWalks, definition: machine },
  { name: 'a work line', all: childWalks, definition: child },
])(
  'every transition of $name can be taken, and every JSON path that a state reads exists in its input',
  ({ all, definition }) => {
    const walked = new Set(steps(all).flatMap(({ state, next }) => (next === undefined ? [] : [`${state} -> ${next}`])));
    expect([...walked].toSorted()).toEqual([...new Set(edges(definition))].toSorted());
    expect(new Set(steps(all).map(({ state }) => state))).toEqual(new Set(Object.keys(definition.States)));
  },
);

describe('the end of a run', () => {
  test.each(parentWalks.map((walk) => [turnNames(walk), walk] as const))(
    'a run with the steps %s ends with the right status and error',
    (_name, { steps: taken, end }) => {
      const last = taken.at(-1)?.state;
      const notified = taken.some(({ state, turn }) => state === 'NotifyCriticalFailure' && turn === 'sent');
      const notifiedBefore = taken.some(({ state, turn }) => state === 'EndRun' && turn === 'silent');
      if (end.status === 'SUCCEEDED') {
        expect(['RunSkipped', 'SyncComplete', 'NoNewVideos']).toContain(last);
        expect(taken.every(({ turn }) => turn !== 'error')).toBe(true);
      } else {
        expect(end.error).toBe(notified || notifiedBefore ? 'CloudSync.Notified' : 'CloudSync.NotNotified');
        expect(taken.some(({ turn, state }) => turn !== 'valid' && turn !== 'sent' && state !== 'EndRun')).toBe(true);
      }
    },
  );

  test('a run that cannot continue ends with a failure', () => {
    const failing = parentWalks.filter(({ steps: taken }) =>
      taken.some(({ turn }) => ['failed', 'credentials-expired', 'error', 'of another version'].includes(turn ?? '')),
    );
    expect(failing.length).toBeGreaterThan(50);
    expect(new Set(failing.map(({ end }) => end.status))).toEqual(new Set(['FAILED']));
  });

  test('a failure notification has the text of EndRun, or quotes the caught error if EndRun failed', () => {
    const messages = steps(parentWalks).filter(({ state }) => state === 'NotifyCriticalFailure');
    const described = messages.filter(({ request }) => JSON.stringify(request).includes('States.Timeout'));
    expect(described.length).toBeGreaterThan(0);
    expect(JSON.stringify(described[0]?.request)).toContain(execution(shortLengths).name);
    expect(messages.length).toBeGreaterThan(described.length);
  });
});

describe('the end of a work line', () => {
  test('a work line ends with a small output, and ends as a failure only if something failed', () => {
    for (const { steps: taken, end } of childWalks) {
      const isBad = taken.some(({ turn }) => ['failed', 'quarantined', 'error', 'of another version'].includes(turn ?? ''));
      expect(end.status, turnNames({ steps: taken, end })).toBe(isBad ? 'FAILED' : 'SUCCEEDED');
      if (end.status === 'SUCCEEDED') expect(end.output).toEqual({ complete: true });
      else expect(JSON.parse(end.cause)).toHaveProperty('Error');
    }
  });

  test('a work line with a quarantined medium sends a message to the poison queue', () => {
    for (const { steps: taken } of childWalks) {
      const isQuarantined = taken.some(({ state, turn }) => state === 'MarkVideoFailed' && turn === 'quarantined');
      expect(taken.some(({ state }) => state === 'SendToPoisonQueue')).toBe(isQuarantined);
    }
    const [message] = steps(childWalks).filter(({ state }) => state === 'SendToPoisonQueue');
    expect(message?.request).toMatchObject({
      MessageBody: {
        provider: 'gopro',
        execution: { name: execution(shortLengths).name },
        media: expect.any(Array),
        error: { Error: 'DESTINATION_UNUSABLE' },
      },
    });
  });

  test('a work line ends after the maximum number of slices', () => {
    const last = childWalks.find(({ steps: taken }) => taken.length > 2 && taken.at(-2)?.state === 'SlicesLeft');
    expect(last?.end).toEqual({ status: 'SUCCEEDED', output: { complete: true } });
  });
});

const parent = execution(shortLengths);
const owner = execution(shortLengths, '/DownloadVideos').arn;

test.each(Object.keys(messages) as AskingState[])('the state %s sends exactly the request fields of the contract', (state) => {
  const request = messages[state].request.strict();
  const asked = [...steps(parentWalks), ...steps(childWalks)].filter((step) => step.state === state);
  expect(asked.length).toBeGreaterThan(0);
  for (const step of asked) {
    request.parse(step.request);
    expect(step.request).toMatchObject({ execution: parent, ...('owner' in request.shape && { owner }) });
  }
});

test.each([
  { choice: 'RunGranted', after: 'BeginRun', of: machine },
  { choice: 'CheckTokenValidity', after: 'ValidateTokens', of: machine },
  { choice: 'MorePages', after: 'ListMedia', of: machine },
  { choice: 'CheckForFailures', after: 'GenerateSummary', of: machine },
  { choice: 'MoreBytes', after: 'DownloadVideo', of: child },
  { choice: 'IsQuarantined', after: 'MarkVideoFailed', of: child },
] as const)(
  'the state $choice knows every outcome of its reply, and an unknown outcome leads to a failure',
  ({ choice, after, of }) => {
    const { Choices = [], Default = '' } = of.States[choice] ?? { Type: '' };
    expect(Choices.map((rule) => rule.StringEquals)).toEqual(messages[after].reply.shape.outcome.options);
    const beyond = [...parentWalks, ...childWalks].filter(({ steps: taken }) =>
      taken.some(({ state, next }) => state === choice && next === Default),
    );
    const strange = beyond.filter(({ steps: taken }) => taken.some(({ turn }) => turn === 'of another version'));
    expect(strange.length).toBeGreaterThan(0);
    expect(new Set(strange.map(({ end }) => end.status))).toEqual(new Set(['FAILED']));
  },
);

function steps(all: readonly Walk[]): readonly Step[] {
  return all.flatMap((walk) => walk.steps);
}

function turnNames({ steps: taken }: Walk): string {
  return taken.flatMap(({ state, turn }) => (turn === undefined ? [] : [`${state}: ${turn}`])).join(', ');
}
