import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCliHere } from '../../../test/support/cli.ts';
import { copyArchive, copyTracker } from '../../../test/fixtures/kept.ts';
import { archivedOriginals, archiveId } from '../../../test/fixtures/library.ts';
import { runCli, temporaryDirectory, type CliResult } from '../../../test/support/cli-process.ts';
import { finished, setScene } from '../../../test/support/cli-scene.ts';
import type { ListEntry } from '../output/list-entries.ts';

/** Runs `accept` and `retry` as processes, and other commands in this process, which is faster. */
function commandsOn(archive: string, environment: Readonly<Record<string, string>>) {
  return async (command: string, ...more: readonly string[]): Promise<CliResult> => {
    const args = [...command.split(' '), ...more, '--to', archive];
    if (/^(?:accept|retry)/.test(command)) return runCli(args, { environment });
    const { exitCode, stdout, stderr } = await runCliHere(args, environment);
    return { exitCode, stdout, stderr };
  };
}

/** A complete archive with one lost file, and what tests need to run commands on it. */
async function setLoss() {
  const { archive, environment, cloud } = await setScene();
  const run = commandsOn(archive, environment);
  expect(await run('sync')).toMatchObject({ exitCode: 0 });
  const [lost, sound] = entries(await run('list --json'));
  if (!lost || !sound) throw new Error('the archive has no files');
  rmSync(join(archive, lost.name));
  cloud.library.trash(lost.mediaId);
  expect(await run('verify')).toMatchObject({ exitCode: 1 });
  expect(await run('sync')).toMatchObject({ exitCode: 1 });
  return { archive, run, lost, sound };
}

function entries({ stdout }: CliResult): readonly ListEntry[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ListEntry);
}

describe('accept', () => {
  test('a lost file fails every run until it is accepted, and again after `retry`', async () => {
    const { run, lost, sound } = await setLoss();
    const facts = { name: lost.name, mediaId: lost.mediaId, status: 'missing', mark: 'MISSING', lost: true };
    expect(entries(await run('list --json --status lost'))).toEqual([
      expect.objectContaining({ ...facts, acceptedAt: null, acceptedReason: null }),
    ]);
    expect((await run('list --status missing')).stdout).toMatch(
      /^lost .*: verify did not find it, and the cloud no longer has it/,
    );
    expect((await run('status')).stdout).toMatch(/Lost +1 file, .*\n[\s\S]*Next +`cloud-sync list --status lost` names/);

    expect(await run('accept', lost.name)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: 'Accepted 1 entry: it no longer makes a run fail. `cloud-sync retry` undoes this.\n',
    });
    const clean = await run('sync');
    expect(clean).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/accepted +1 .*\n[\s\S]*except what was accepted/),
    });
    const verified = await run('verify --json');
    expect(finished(verified)).toMatchObject({ outcome: 'clean', verified: { missing: 1, lost: 1 } });
    expect(entries(await run('list --json --status accepted'))).toEqual([
      expect.objectContaining({ ...facts, acceptedAt: expect.any(String), acceptedReason: expect.stringContaining('missing') }),
    ]);
    expect((await run('list --status accepted')).stdout).toMatch(/^accepted .* \[accepted on \d{4}-/);
    expect((await run('status')).stdout).toMatch(/^Accepted +1 file, .*: no run fails because of it/m);

    expect(await run('retry --json', lost.name, sound.mediaId)).toMatchObject({ exitCode: 0, stdout: '{"retried":1}\n' });
    expect(await run('sync')).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('lost') });
    expect(await run('accept --json', lost.mediaId)).toMatchObject({ exitCode: 0, stdout: '{"accepted":1}\n' });
    expect((await run('retry')).stdout).toMatch(/^Reset 1 entry: .* 1 file is lost, so every run fails again\.$/m);
  });

  test('if any name has nothing to accept, `accept` changes nothing and shows all these names', async () => {
    const { run, lost, sound } = await setLoss();
    expect(await run('accept', lost.name, sound.name, 'nobody')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        `error: nothing was accepted: ${sound.name} is completed: nothing is wrong with it; nobody is no key and no medium of this archive\n` +
        '       `cloud-sync list --status lost,quarantined` or `cloud-sync list --proof disputed` shows what can be accepted.\n',
    });
    expect((await run('list --status accepted')).stdout).toBe('');
    expect(await run('accept')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('accept --help') });
    expect(await run('retry', lost.name, 'nobody')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nobody') });
  });

  test('a file that failed in too many runs can be accepted', async () => {
    const { archive, environment, cloud } = await setScene();
    cloud.faults.set([{ match: { endpoint: 'file', method: 'GET' }, action: { type: 'status', status: 404 } }]);
    const run = commandsOn(archive, environment);
    expect(await run('sync --quarantine-after 1')).toMatchObject({ exitCode: 1 });
    const ids = entries(await run('list --json --status quarantined')).map(({ mediaId }) => mediaId);
    expect(await run('accept --json', ...ids)).toMatchObject({ exitCode: 0, stdout: '{"accepted":5}\n' });
    expect(await run('sync --quiet')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(entries(await run('list --json --status quarantined'))).toHaveLength(5);
  });

  test('a disputed file can be accepted, and `retry` undoes that', async () => {
    const directory = temporaryDirectory();
    const [archive, home] = [join(directory, 'archive'), join(directory, 'home')];
    await copyArchive('v4', archive);
    mkdirSync(join(home, 'archives', archiveId), { recursive: true });
    await copyTracker('v4', join(home, 'archives', archiveId, 'tracker.sqlite'));
    const run = commandsOn(archive, { CLOUD_SYNC_HOME: home });
    const { first, archived } = archivedOriginals;
    const acceptance = async () =>
      entries(await run('list --json')).find(({ name }) => name === first.key)?.acceptedReason ?? null;
    expect(await run('accept', archived.key)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing is wrong') });
    expect(await run('accept --json', first.key)).toMatchObject({ exitCode: 0, stdout: '{"accepted":1}\n' });
    expect(await acceptance()).toMatch(/the same bytes came twice, and the provider's claim s3-etag:0011.*-3 contradicts them/);
    expect(await run('retry --json', first.mediaId)).toMatchObject({ exitCode: 0, stdout: '{"retried":1}\n' });
    expect(await acceptance()).toBeNull();
  });
});
