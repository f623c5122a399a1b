/**
 * Two processes work on one archive, while both are killed, stopped and continued at random. Then
 * the archive is judged by its content. `CLOUD_SYNC_STORM_ROUNDS` is the number of rounds at each
 * kind of place, and `CLOUD_SYNC_TEST_SEED` repeats a storm. A failed storm keeps its folder.
 */
import { afterAll, expect, test } from 'vitest';
import { chooseSeed, createRandom } from '../support/random.ts';
import { countMeetings, describeFigures, newFigures, sumFigures, type Figures } from './support/figures.ts';
import { judgeCalm, judgeStorm, type Seen } from './support/judge.ts';
import { openStormScene, stormKinds, type StormKind } from './support/scene.ts';
import { storm } from './support/storm.ts';

const wantedRounds = process.env['CLOUD_SYNC_STORM_ROUNDS'];
const maxRounds = Number(wantedRounds ?? 9);
/** No new round begins after this time, unless the number of rounds is given. */
const maxSeconds = wantedRounds === undefined ? 130 : Infinity;
const strikes = 8;
/** After this many rounds a new archive begins, so that storms also meet first runs. */
const roundsPerArchive = 3;
const seed = chooseSeed();
const figuresOf = new Map<StormKind, Figures>();

afterAll(() => {
  for (const [kind, figures] of figuresOf) process.stderr.write(`${describeFigures(kind, figures)}\n`);
  process.stderr.write(`${describeFigures('all', sumFigures([...figuresOf.values()]))}\n`);
});

// The storms run at the same time, because each storm mostly waits.
test.concurrent.each(stormKinds)('a storm of kills and stops loses, doubles and changes nothing on %s', async (kind) => {
  const figures = newFigures();
  figuresOf.set(kind, figures);
  while (mayGoOn(figures)) await stormOneArchive(kind, figures);
  expect(figures.SIGKILL).toBeGreaterThan(0);
});

function mayGoOn({ rounds, seconds }: Figures): boolean {
  return rounds < maxRounds && seconds < maxSeconds;
}

async function stormOneArchive(kind: StormKind, figures: Figures): Promise<void> {
  const first = figures.rounds;
  const random = createRandom(seed + 1_000 * stormKinds.indexOf(kind) + first);
  const scene = await openStormScene(kind, {
    name: `storm-${seed}-${first}`,
    random,
    hasOneHome: (first / roundsPerArchive) % 2 === 1,
  });
  const seen: Seen = new Map();
  let isSound = false;
  try {
    while (mayGoOn(figures) && figures.rounds < first + roundsPerArchive) {
      const startedMs = performance.now();
      scene.addMedia();
      const runs = await storm(scene, { strikes, random, figures });
      countMeetings(figures, runs);
      await judgeStorm(scene, runs, seen);
      await judgeCalm(scene, seen);
      figures.rounds += 1;
      figures.seconds += (performance.now() - startedMs) / 1000;
    }
    isSound = true;
  } catch (error) {
    process.stderr.write(`CLOUD_SYNC_TEST_SEED=${seed} failed on ${kind} after round ${figures.rounds}; see ${scene.folder}\n`);
    throw error;
  } finally {
    await scene.close({ keep: !isSound });
  }
}
