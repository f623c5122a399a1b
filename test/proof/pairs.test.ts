/**
 * Films of random sizes, stored by the provider in parts of random sizes, all in one library. Runs
 * are killed on the way. Every film that the provider's ETag can prove is proven.
 */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { video } from '../../src/sim/gopro/library/shapes.ts';
import { lastWordsOf } from '../support/cli.ts';
import { openDiskPlace, openS3Place, placeKinds, type Place } from '../support/places.ts';
import { chooseSeed, createRandom } from '../support/random.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

const mebibyte = 1024 * 1024;
const listedSizes = [5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128];
const otherSizes = Array.from({ length: 128 }, (_, index) => index + 1).filter((size) => !listedSizes.includes(size));
const listedPairs = 200;
const otherPairs = 30;
const kills = 3;

/** A film and the parts in which the provider stored it. */
interface Pair {
  readonly sizeBytes: number;
  /** Null: in one piece. */
  readonly partMebibytes: number | null;
}

/** Draws pairs. Most part sizes are small, so that films of several parts are small. */
function drawPair(random: () => number, sizes: readonly number[]): Pair {
  const pick = (from: readonly number[]) => from[Math.floor(random() * from.length)]!;
  const [small, middle, large] = [
    [1, 9],
    [9, 33],
    [33, 129],
  ].map(([min, max]) => sizes.filter((size) => size >= min! && size < max!));
  const draw = random();
  const partMebibytes = pick(draw < 0.8 ? small! : draw < 0.97 ? middle! : large!);
  const maxParts = partMebibytes < 9 ? 3 : partMebibytes < 33 ? 2 : 1;
  const parts = 1 + Math.floor(random() * maxParts) + (partMebibytes < 33 ? 0 : Math.round(random()));
  const partBytes = partMebibytes * mebibyte;
  // A border is where mistakes are, so many films end at a border or just after one.
  const lastBytes = pick([1, partBytes, partBytes - 1, 1 + Math.floor(random() * Math.min(partBytes, 24 * mebibyte))]);
  const sizeBytes = Math.max(2_000, (parts - 1) * partBytes + Math.min(lastBytes, 24 * mebibyte));
  return { sizeBytes, partMebibytes: parts === 1 && random() < 0.5 ? null : partMebibytes };
}

/** Whether exactly one of the listed sizes gives the true number of parts. */
function isUnambiguous({ sizeBytes, partMebibytes }: Pair): boolean {
  if (partMebibytes === null) return true;
  const parts = (mebibytes: number) => Math.ceil(sizeBytes / (mebibytes * mebibyte));
  const fits = listedSizes.filter((size) => parts(size) === parts(partMebibytes));
  return parts(partMebibytes) === 1 || (fits.length === 1 && fits[0] === partMebibytes);
}

/** Delays the request for a random byte of a film, so that its parts arrive in random order. */
function delayedPart(random: () => number, { id, files: [file] }: SimMedium): Fault {
  const byte = Math.floor(random() * file!.sizeBytes);
  return {
    match: { host: 'cdn', method: 'GET', mediaId: id, byte },
    action: { type: 'delay', ms: 1 + Math.floor(random() * 150) },
  };
}

/** Starts runs and kills each of them when it has fetched its share of the library. */
async function killRuns(scene: Scene, random: () => number, wholeBytes: number): Promise<void> {
  for (let round = 0; round < kills; round += 1) {
    scene.cloud.clearLog();
    const limitBytes = (wholeBytes / (kills + 1)) * (0.5 + random() / 2);
    const running = scene.startSync();
    const sentBytes = () => scene.cloud.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    const enough = waitUntil('the bytes before a kill', () => sentBytes() >= limitBytes, 300_000);
    await Promise.race([enough, running.ended]);
    running.kill('SIGKILL');
    const run = await running.ended;
    expect(run.signal, lastWordsOf(run)).toBe('SIGKILL');
  }
}

/** The proof of each archived film, by the id of its medium, as `list` prints it. */
async function provenFilms(scene: Scene): Promise<ReadonlyMap<string, string | null>> {
  const run = await scene.run('list', '--to', scene.place.to, '--json');
  expectExit(run, 0);
  const entries = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { mediaId: string; proof: string | null });
  return new Map(entries.map(({ mediaId, proof }) => [mediaId, proof]));
}

test.each(placeKinds)(
  `films in parts of random sizes are proven on %s, although the run was killed ${kills} times`,
  async (kind) => {
    const seed = chooseSeed();
    const random = createRandom(seed);
    const maker = createMediaMaker(`pairs-${seed}`);
    const listed = Array.from({ length: listedPairs }, () => drawPair(random, listedSizes));
    const pairs = [...listed, ...Array.from({ length: otherPairs }, () => drawPair(random, otherSizes))];
    const films = pairs.map((pair) => {
      const partBytes = pair.partMebibytes === null ? null : pair.partMebibytes * mebibyte;
      return { pair, medium: video({ ...maker.spec('MP4'), stored: [{ partBytes }] }, pair.sizeBytes) };
    });
    const media = films.map(({ medium }) => medium);
    const wholeBytes = pairs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    await using folder = await makeTempDir();
    const place: Place = kind === 'disk' ? await openDiskPlace() : await openS3Place({ dir: folder.path });
    await using scene = await openScene({
      library: createLibrary(media),
      place,
      withinMs: 300_000,
      faults: media.map((medium) => delayedPart(random, medium)),
    });
    await killRuns(scene, random, wholeBytes);
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();

    const proofs = await provenFilms(scene);
    const wrong = films.filter(({ pair, medium }) => {
      const proof = proofs.get(medium.id);
      const mayBeNone = kind === 's3' && !(listed.includes(pair) && isUnambiguous(pair));
      return !(proof === 'proven' || (mayBeNone && proof === 'none'));
    });
    expect(
      wrong.map(({ pair, medium }) => ({ ...pair, proof: proofs.get(medium.id) })),
      `seed ${seed}`,
    ).toEqual([]);
  },
);
