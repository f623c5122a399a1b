import { expect, test } from 'vitest';
import { workLines } from '../../src/plan/work-lines.ts';
import { contextOf, execution, turnsOf, workLineOf, type Lengths } from '../../test/aws/support/replies.ts';
import { childInputs, walks, type Step, type Walk } from '../../test/aws/support/states-language.ts';
import { definitionIn, type Json } from './definition.ts';
import { sampleStack } from '../../test/aws/support/sample-machine.ts';

const plannedMedia = 100_000;
/** The maximum lengths of the texts of the functions, and of the name of an execution. */
const longest: Lengths = {
  executionName: 80,
  cause: 800,
  lineCause: 300,
  subject: 99,
  message: 850,
  idBytes: 1_000,
  failedIdBytes: 900,
};
const maxPayloadBytes = 2_048;
const maxEvents = 100;

const machine = definitionIn(sampleStack());
const map = machine.States['DownloadVideos'];
const turns = turnsOf(longest, { media: plannedMedia, workLines: plannedMedia / 25 });
const context = contextOf(execution(longest));
const parentWalks = [...walks(machine, {}, { context, turns })];
const mapInput = parentWalks.flatMap(({ steps }) => steps).find(({ state }) => state === 'DownloadVideos')?.input ?? null;
const line = JSON.parse(JSON.stringify(workLineOf(longest))) as Json;
const [childInput = null] = map ? childInputs(map, mapInput, context, [line]) : [];
const childContext = contextOf(execution(longest, '/DownloadVideos'));
const childWalks = map?.ItemProcessor ? [...walks(map.ItemProcessor, childInput, { context: childContext, turns })] : [];

test('the largest work line in this test is as large as the planner allows', () => {
  const items = Array.from({ length: plannedMedia }, (_, index) => ({
    mediaId: `${index}`.padStart(37, 'm'),
    sizeHintBytes: 1_000,
  }));
  const planned = workLines(items).map((media, index) => Buffer.byteLength(JSON.stringify({ line: index + 1, media })));
  expect(Buffer.byteLength(JSON.stringify(line))).toBeGreaterThanOrEqual(Math.max(...planned));
});

test.each([
  { name: 'a run', all: parentWalks },
  { name: 'a work line', all: childWalks },
])('each payload of $name is at most 2 KB, even with 100,000 planned media', ({ all }) => {
  const sizes = all
    .flatMap(({ steps }) => steps)
    .flatMap(({ state, input, request, output }) =>
      [input, request, output].map((payload) => ({ state, bytes: Buffer.byteLength(JSON.stringify(payload ?? null)) })),
    );
  expect(sizes.filter(({ bytes }) => bytes > maxPayloadBytes)).toEqual([]);
  // A large payload shows that the test used the longest replies.
  expect(Math.max(...sizes.map(({ bytes }) => bytes))).toBeGreaterThan(1_500);
});

/**
 * How many events each kind of state adds to the history. A state is entered and exited, but a Fail
 * is only entered. A task is also scheduled, started and ended. A map and its map run are also
 * started and ended. Retries are not counted.
 */
const eventsOf: Readonly<Record<string, number>> = { Task: 5, Map: 6, Choice: 2, Pass: 2, Succeed: 2, Fail: 1 };

function eventsIn(steps: readonly Step[]): number {
  const begunAndEnded = 2;
  return begunAndEnded + steps.reduce((sum, { type }) => sum + (eventsOf[type] ?? Number.NaN), 0);
}

test('the history of a run with 100,000 media has fewer than 100 events', () => {
  const longestWalk = parentWalks.reduce((most: Walk, walk) => (eventsIn(walk.steps) > eventsIn(most.steps) ? walk : most));
  const visits = longestWalk.steps.map(({ state }) => state);
  expect(visits.filter((state) => state === 'ListMedia')).toHaveLength(2);
  expect(visits).toContain('DownloadVideos');
  // Two slices are enough for a thousand pages: one of five minutes lists them at four requests a
  // second, and one plans the run. Six slices leave a margin.
  const slices = 6;
  const eventsOfSlice =
    eventsIn(longestWalk.steps.filter(({ state }) => state === 'ListMedia' || state === 'MorePages').slice(0, 2)) - 2;
  expect(eventsIn(longestWalk.steps) + (slices - 2) * eventsOfSlice).toBeLessThan(maxEvents);
});
