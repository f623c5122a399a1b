import { expect, test } from 'vitest';
import { runCli, type CliResult } from '../../../test/support/cli-process.ts';
import { events, finished, runHere, setScene } from '../../../test/support/cli-scene.ts';
import { createMediaMaker } from '../../../test/support/simulated-media.ts';
import type { Fault } from '../../sim/gopro/faults/faults.ts';
import { createLibrary } from '../../sim/gopro/library/library.ts';
import { video } from '../../sim/gopro/library/shapes.ts';
import type { ListEntry } from '../output/list-entries.ts';

const mebibyte = 1024 * 1024;

/**
 * Four small films whose media host shows true checksums. The first one always has a wrong byte.
 */
async function setFilms({ isStruck }: { readonly isStruck: boolean }) {
  const maker = createMediaMaker('shown');
  const films = Array.from({ length: 4 }, () =>
    video({ ...maker.spec('MP4'), stored: [{ partBytes: null }] }, Math.round(0.3 * mebibyte)),
  );
  const [struck] = films;
  const wrongByte: Fault = {
    match: { host: 'cdn', method: 'GET', mediaId: struck!.id, byte: 'middle' },
    action: { type: 'corrupt', at: 'middle' },
  };
  const scene = await setScene({ library: createLibrary(films), faults: isStruck ? [wrongByte] : [] });
  const { archive, environment } = scene;
  const here = async (...args: readonly string[]) => runHere([...args, '--to', archive], environment);
  return { ...scene, struck: struck!, here };
}

function entries({ stdout }: CliResult): readonly ListEntry[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ListEntry);
}

test('a run shows how many files it proved, and `list` and `status` show the proofs', async () => {
  const { archive, environment, here } = await setFilms({ isStruck: false });
  const run = await runCli(['sync', '--to', archive], { environment });
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect(run.stdout.match(/^archived {2}\S+ {2}\S+ kB {2}proven$/gm)).toHaveLength(4);
  expect(run.stdout).toMatch(/^ {2}proven +4 {2}of 4 match the cloud's own checksum$/m);
  const listed = entries(await here('list', '--json', '--proof', 'proven'));
  expect(listed).toHaveLength(4);
  expect(listed[0]).toMatchObject({ status: 'completed', proof: 'proven', mark: null, checkedAt: expect.stringMatching(/Z$/) });
  expect(await here('list', '--proof', 'none,unchecked,disputed')).toMatchObject({ exitCode: 0, stdout: '' });
  expect((await here('status')).stdout).toMatch(
    /^Proven +4 of 4 files match the cloud's own checksum\nLast read +every file in the last \S+$/m,
  );
  const status = JSON.parse((await here('status', '--json')).stdout) as object;
  const proofs = { proven: 4, none: 0, unchecked: 0, disputed: 0 };
  expect(status).toMatchObject({ proofs, neverRead: 0, oldestReadAt: expect.any(String), unreadable: null });
});

test('with --no-prove no file is compared, and `--prove` overrules the environment', async () => {
  const { archive, environment, here } = await setFilms({ isStruck: true });
  const run = await runCli(['sync', '--to', archive, '--no-prove', '--json'], { environment });
  expect(finished(run)).toMatchObject({ exitCode: 0, files: { archived: 4, proven: 0, disputed: 0 } });
  expect(new Set(events(run).flatMap((event) => (event.type === 'file.archived' ? [event.proof] : [])))).toEqual(
    new Set(['unchecked']),
  );
  expect((await here('list', '--proof', 'unchecked')).stdout.match(/ \[unchecked\]$/gm)).toHaveLength(4);
  expect((await here('status')).stdout).toMatch(/^Proven +0 of 4 files match [^\n]*; 4 not compared yet$/m);

  const other = `${archive}-2`;
  const proving = await runCli(['sync', '--to', other, '--prove', '--json'], {
    environment: { ...environment, CLOUD_SYNC_NO_PROVE: 'true' },
  });
  expect(finished(proving)).toMatchObject({ exitCode: 1, files: { archived: 4, proven: 3, disputed: 1 } });
});

test('a disputed file is named in its run, and stays listed until a person accepts it', async () => {
  const { archive, environment, struck, here } = await setFilms({ isStruck: true });
  const run = await runCli(['sync', '--to', archive, '--quiet'], { environment });
  expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(run.stderr).toMatch(new RegExp(`^failed: \\S+__${struck.id}\\.mp4: the same bytes came twice`, 'm'));
  expect(run.stderr).toMatch(/4 archived, 1 disputed\. Everything is archived and verified, but some files do not match/);
  const [disputed, ...others] = entries(await here('list', '--json', '--proof', 'disputed'));
  expect(others).toEqual([]);
  expect(disputed).toMatchObject({ mediaId: struck.id, status: 'completed', proof: 'disputed', lost: false, acceptedAt: null });
  expect((await here('list', '--proof', 'disputed')).stdout).toMatch(/: its bytes came twice, [^\n]* \[disputed\]\n$/);
  expect((await here('status')).stdout).toMatch(
    /^Proven +3 of 4 [^\n]*; 1 disputed: `cloud-sync list --proof disputed` names them$/m,
  );
  expect(finished(await here('sync', '--json'))).toMatchObject({ exitCode: 0, files: { archived: 0, disputed: 0 } });
  expect(await here('accept', disputed!.name)).toMatchObject({ exitCode: 0 });
  expect((await here('list', '--proof', 'disputed')).stdout).toMatch(/^accepted /);
});
