/** A simulated cloud, an archive, and one or two homes for the processes of a storm. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGoproCloud, type GoproCloud } from '../../../src/sim/gopro/index.ts';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import type { S3Fault } from '../../s3-server/faults.ts';
import { startCli, type CliRun, type RunningCli } from '../../support/cli.ts';
import { diskPlaceAt, filesBelow, openS3Place, type Place, type S3Place } from '../../support/places.ts';
import { createMediaMaker, partBytes, type MediaMaker } from '../../support/simulated-media.ts';

export const stormKinds = ['a disk', 'a disk without hard links', 'S3', 'an S3 store that spoils bodies'] as const;

export type StormKind = (typeof stormKinds)[number];

export interface StormScene {
  readonly kind: StormKind;
  readonly cloud: GoproCloud;
  readonly place: Place;
  /** The home of each of the two processes. Both may be the same. */
  readonly homes: readonly [string, string];
  /** How long a holder of the lease may be silent, in ms. */
  readonly termMs: number;
  /** Holds the archive on a disk, the homes and the output of every run. */
  readonly folder: string;
  /** True if the store may hold spoiled bytes. */
  readonly spoils: boolean;
  start(home: string, ...args: readonly string[]): RunningCli;
  /** Runs a command and waits for its end. */
  run(home: string, ...args: readonly string[]): Promise<CliRun>;
  /** Adds media of all shapes to the library. */
  addMedia(): void;
  /**
   * Makes media arrive slowly. If the store may spoil bodies, switches the spoiling on or off at
   * random.
   */
  disturb(random: () => number): void;
  /** Ends all disturbances. */
  calm(): void;
  /**
   * Waits until the store has one more file, but at most three seconds. At that moment no run has
   * looked at the file yet. Only S3 has this method.
   */
  readonly nextStored?: () => Promise<void>;
  /** The names of all files in `.cloud-sync/`. */
  ownNames(): Promise<readonly string[]>;
  /** Ends the servers. Keeps the folder if the storm found a fault. */
  close(options: { readonly keep: boolean }): Promise<void>;
}

/** A body arrives at 6 MB/s, so that a large file takes some seconds. */
const drip = { match: { host: 'cdn' }, action: { type: 'drip', bytes: 64 * 1024, everyMs: 10 } } as const;

const mangled = (keyPart: string): readonly S3Fault[] =>
  (['PutObject', 'UploadPart'] as const).map((operation) => ({ match: { operation, keyPart }, action: { kind: 'mangleBody' } }));

/** Spoils the probe. The probe then shows that the store does not check checksums. */
const unchecked = mangled('.cloud-sync/probe');
const spoiling = [...unchecked, ...mangled('my/videos/gopro-videos/')];

export interface StormSceneOptions {
  /** Decides the ids and bytes of the media. */
  readonly name: string;
  readonly random: () => number;
  /** Whether both processes share one home. */
  readonly hasOneHome: boolean;
}

export async function openStormScene(kind: StormKind, { name, random, hasOneHome }: StormSceneOptions): Promise<StormScene> {
  const folder = await mkdtemp(join(tmpdir(), 'cloud-sync-storm-'));
  const outputs = join(folder, 'runs');
  await mkdir(outputs);
  const cloud = await startGoproCloud({ library: createLibrary([]) });
  const spoils = kind.includes('spoils');
  const s3 = kind.includes('S3') ? await openS3Place() : undefined;
  const place: Place = s3 ?? diskPlaceAt(join(folder, 'archive'));
  const maker = createMediaMaker(name);
  const termMs = 1_000 + Math.floor(random() * 1_000);
  const homes = [join(folder, 'home-1'), join(folder, hasOneHome ? 'home-1' : 'home-2')] as const;
  const environment = { ...commonEnvironment(cloud, termMs), ...place.environment, ...shimOf(kind) };
  let runs = 0;
  const start = (home: string, ...args: readonly string[]): RunningCli => {
    const [command = 'sync', ...options] = args;
    const running = startCli([command, '--to', place.to, '--json', ...options], {
      environment: { ...environment, CLOUD_SYNC_HOME: home },
    });
    const log = join(outputs, `${String((runs += 1)).padStart(4, '0')}-${running.pid}.txt`);
    running.ended
      .then(
        async ({ exitCode, signal, stdout, stderr }) => writeFile(log, [args, home, exitCode, signal, stdout, stderr].join('\n')),
        async (error: unknown) => writeFile(log, `${args.join(' ')}\n${String(error)}`),
      )
      .catch(() => {});
    return running;
  };
  return {
    kind,
    cloud,
    place,
    homes,
    termMs,
    folder,
    spoils,
    start,
    run: async (home, ...args) => start(home, ...args).ended,
    addMedia: () => addMedia(cloud, maker),
    disturb: (random) => {
      if (cloud.faults.active.length === 0) cloud.faults.set([drip]);
      if (spoils) s3?.store.faults.splice(0, Infinity, ...(random() < 0.4 ? spoiling : unchecked));
    },
    calm: () => {
      cloud.faults.clear();
      if (spoils) s3?.store.faults.splice(0, Infinity, ...unchecked);
    },
    ...(s3 && { nextStored: async () => nextStored(s3) }),
    ownNames: async () => (s3 ? ownObjects(s3) : ownFiles(place)),
    close: async ({ keep }) => {
      await cloud.close();
      await place[Symbol.asyncDispose]();
      if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function commonEnvironment(cloud: GoproCloud, termMs: number): Record<string, string> {
  return {
    TZ: 'UTC',
    CLOUD_SYNC_CREDENTIAL_STORE: 'file',
    CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
    CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken,
    CLOUD_SYNC_GOPRO_USER_ID: cloud.userId,
    CLOUD_SYNC_GOPRO_API_RPS: '1000',
    CLOUD_SYNC_LEASE_TERM_MS: String(termMs),
    AWS_ACCESS_KEY_ID: 'AKIASTORM',
    AWS_SECRET_ACCESS_KEY: 'storm-secret',
    AWS_REGION: 'eu-west-3',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function shimOf(kind: StormKind): Record<string, string> {
  if (kind !== 'a disk without hard links') return {};
  return { NODE_OPTIONS: `--import=${new URL('../../support/no-hard-links.ts', import.meta.url).href}` };
}

function addMedia({ library }: GoproCloud, maker: MediaMaker): void {
  const media = [
    maker.photo(),
    maker.burst(),
    maker.chapters([900_000, 2_000_000]),
    maker.video(partBytes + 3_000_000),
    maker.video(400_000),
    maker.video(3_000_000),
    maker.photo(300_000),
  ];
  for (const medium of media) library.add(medium);
}

async function ownFiles({ to }: Place): Promise<readonly string[]> {
  const directory = join(to, '.cloud-sync');
  return (await filesBelow(directory)).map((path) => relative(directory, path));
}

function ownObjects({ store }: S3Place): readonly string[] {
  return store.objects().flatMap(({ key }) => /\/\.cloud-sync\/(.+)$/.exec(key)?.[1] ?? []);
}

async function nextStored({ store }: S3Place): Promise<void> {
  const stored = () =>
    store.requests.filter(
      ({ operation, key, status }) =>
        (operation === 'PutObject' || operation === 'CompleteMultipartUpload') && status === 200 && key.includes('-videos/'),
    ).length;
  const before = stored();
  const untilMs = performance.now() + 3_000;
  while (stored() === before && performance.now() < untilMs) await delay(1);
}
