import { describe, expect, test } from 'vitest';
import {
  beginOutcomes,
  listingOutcomes,
  markOutcomes,
  summaryOutcomes,
  transferOutcomes,
  validationOutcomes,
  type BeginRequest,
  type EndRequest,
  type ListRequest,
  type MarkRequest,
  type SummariseRequest,
  type TransferRequest,
  type ValidateRequest,
} from '../../src/aws/contract.ts';
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
])('every edge of $name can be walked, from no input at all, and no path is missing on it', ({ all, definition }) => {
  const walked = new Set(steps(all).flatMap(({ state, next }) => (next === undefined ? [] : [`${state} -> ${next}`])));
  expect([...walked].toSorted()).toEqual([...new Set(edges(definition))].toSorted());
  expect(new Set(steps(all).map(({ state }) => state))).toEqual(new Set(Object.keys(definition.States)));
});

describe('the end of a run', () => {
  test.each(parentWalks.map((walk) => [turnNames(walk), walk] as const))('%s', (_name, { steps: taken, end }) => {
    const last = taken.at(-1)?.state;
    const told = taken.some(({ state, turn }) => state === 'NotifyCriticalFailure' && turn === 'sent');
    const toldBefore = taken.some(({ state, turn }) => state === 'EndRun' && turn === 'silent');
    if (end.status === 'SUCCEEDED') {
      expect(['RunSkipped', 'SyncComplete', 'NoNewVideos']).toContain(last);
      expect(taken.every(({ turn }) => turn !== 'error')).toBe(true);
    } else {
      expect(end.error).toBe(told || toldBefore ? 'CloudSync.Notified' : 'CloudSync.NotNotified');
      expect(taken.some(({ turn, state }) => turn !== 'valid' && turn !== 'sent' && state !== 'EndRun')).toBe(true);
    }
  });

  test('is a failure after everything that cannot go on', () => {
    const failing = parentWalks.filter(({ steps: taken }) =>
      taken.some(({ turn }) => ['failed', 'credentials-expired', 'error', 'of another version'].includes(turn ?? '')),
    );
    expect(failing.length).toBeGreaterThan(50);
    expect(new Set(failing.map(({ end }) => end.status))).toEqual(new Set(['FAILED']));
  });

  test('says what EndRun says, and without EndRun what was caught', () => {
    const messages = steps(parentWalks).filter(({ state }) => state === 'NotifyCriticalFailure');
    const described = messages.filter(({ request }) => JSON.stringify(request).includes('States.Timeout'));
    expect(described.length).toBeGreaterThan(0);
    expect(JSON.stringify(described[0]?.request)).toContain(execution(shortLengths).name);
    expect(messages.length).toBeGreaterThan(described.length);
  });
});

describe('the end of a work line', () => {
  test('is quiet unless something has failed, and small', () => {
    for (const { steps: taken, end } of childWalks) {
      const isBad = taken.some(({ turn }) => ['failed', 'quarantined', 'error', 'of another version'].includes(turn ?? ''));
      expect(end.status, turnNames({ steps: taken, end })).toBe(isBad ? 'FAILED' : 'SUCCEEDED');
      if (end.status === 'SUCCEEDED') expect(end.output).toEqual({ complete: true });
      else expect(JSON.parse(end.cause)).toHaveProperty('Error');
    }
  });

  test('is in the poison queue when a medium of it is quarantined', () => {
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

  test('comes after the last slice that a run allows', () => {
    const last = childWalks.find(({ steps: taken }) => taken.length > 2 && taken.at(-2)?.state === 'SlicesLeft');
    expect(last?.end).toEqual({ status: 'SUCCEEDED', output: { complete: true } });
  });
});

const parent = execution(shortLengths);
const owner = execution(shortLengths, '/DownloadVideos').arn;
const line = workLineOf(shortLengths);
const common = { provider: 'gopro', execution: parent } as const;
const error = { Error: 'DESTINATION_UNUSABLE', Cause: 'why' };

/** What the functions expect, by the state that asks. */
const requests = {
  BeginRun: { action: 'begin', input: {}, execution: parent } satisfies BeginRequest,
  ValidateTokens: common satisfies ValidateRequest,
  ListMedia: {
    ...common,
    trigger: 'schedule',
    full_listing: false,
    deadline: '2026-11-21T14:45:00.000Z',
    slices: 0,
  } satisfies ListRequest,
  GenerateSummary: {
    ...common,
    action: 'summarise',
    total_found: 100_000,
    new_count: 100_000,
    already_synced: 1_234_567,
    cookie_age_days: 3,
  } satisfies SummariseRequest,
  EndRun: { action: 'end', input: {}, execution: parent, error } satisfies EndRequest,
  DownloadVideo: {
    ...common,
    deadline: '2026-11-21T14:45:00.000Z',
    line,
    slice: { count: 0, idle: 0 },
    owner,
  } satisfies TransferRequest,
  MarkVideoFailed: { ...common, action: 'mark-failed', line, owner, error } satisfies MarkRequest,
};

test.each(Object.entries(requests))('%s asks for what the contract says, field by field', (state, expected) => {
  const asked = [...steps(parentWalks), ...steps(childWalks)]
    .filter((step) => step.state === state)
    .map(({ request }) => request);
  expect(new Set(asked.map(shapeOf))).toEqual(new Set([shapeOf(expected)]));
  const { execution: asker } = expected;
  for (const request of asked) expect(request).toMatchObject({ execution: asker, ...('owner' in expected && { owner }) });
});

test.each([
  { choice: 'RunGranted', outcomes: beginOutcomes, of: machine },
  { choice: 'CheckTokenValidity', outcomes: validationOutcomes, of: machine },
  { choice: 'MorePages', outcomes: listingOutcomes, of: machine },
  { choice: 'CheckForFailures', outcomes: summaryOutcomes, of: machine },
  { choice: 'MoreBytes', outcomes: transferOutcomes, of: child },
  { choice: 'IsQuarantined', outcomes: markOutcomes, of: child },
])('$choice lists every outcome, and leads any other into a failure', ({ choice, outcomes, of }) => {
  const { Choices = [], Default = '' } = of.States[choice] ?? { Type: '' };
  expect(Choices.map((rule) => rule.StringEquals)).toEqual(outcomes);
  const beyond = [...parentWalks, ...childWalks].filter(({ steps: taken }) =>
    taken.some(({ state, next }) => state === choice && next === Default),
  );
  const strange = beyond.filter(({ steps: taken }) => taken.some(({ turn }) => turn === 'of another version'));
  expect(strange.length).toBeGreaterThan(0);
  expect(new Set(strange.map(({ end }) => end.status))).toEqual(new Set(['FAILED']));
});

function steps(all: readonly Walk[]): readonly Step[] {
  return all.flatMap((walk) => walk.steps);
}

function turnNames({ steps: taken }: Walk): string {
  return taken.flatMap(({ state, turn }) => (turn === undefined ? [] : [`${state}: ${turn}`])).join(', ');
}

/** Names and types of all fields. A caught error need not have a cause. */
function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${shapeOf(value[0])}]`;
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const fields = Object.entries(value).map(
    ([name, field]) => `${name}: ${name === 'error' && 'Error' in field ? 'error' : shapeOf(field)}`,
  );
  return `{${fields.toSorted().join(', ')}}`;
}
