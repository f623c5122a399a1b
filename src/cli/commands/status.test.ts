import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startCli } from '../../../test/support/cli-process.ts';
import { finished, runHere, setScene, type Scene } from '../../../test/support/cli-scene.ts';

const slowLibrary = { preset: 'big-file', presetOptions: { sizeBytes: 300_000_000 } } as const;

async function statusOf({ archive }: Scene, environment: Scene['environment']): Promise<string> {
  return (await runHere(['status', '--to', archive], environment)).stdout;
}

/** What the other commands show of an archive, without what changes by itself. */
async function shown({ archive, environment }: Scene): Promise<unknown> {
  const status = await runHere(['status', '--to', archive, '--json'], environment);
  const { freeBytes: _, ...stable } = JSON.parse(status.stdout) as Record<string, unknown>;
  return { stable, list: (await runHere(['list', '--to', archive], environment)).stdout };
}

function storeCredentials({ cloud, home }: Scene, daysAgo: number): void {
  const last_updated = new Date(Date.now() - daysAgo * 86_400_000).toISOString();
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const gopro = { access_token: cloud.accessToken, user_id: cloud.userId, last_updated };
  writeFileSync(join(home, 'credentials.json'), JSON.stringify({ gopro }), { mode: 0o600 });
}

/** An environment without credentials, so that a run takes the stored ones. */
function withoutCredentials({ environment }: Scene): Scene['environment'] {
  const { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: _token, CLOUD_SYNC_GOPRO_USER_ID: _id, ...others } = environment;
  return others;
}

describe('status', () => {
  test('status names the kind of each run, leaves out damaged files, and keeps the last sync in sight', async () => {
    const scene = await setScene();
    const { archive, environment } = scene;
    await runHere(['sync', '--to', archive], environment);
    const before = await statusOf(scene, environment);
    expect(before).toMatch(/^Files +5 files archived, /m);
    const keys = readdirSync(archive, { recursive: true, encoding: 'utf8' }).filter((name) => /^gopro-videos.*\./.test(name));
    appendFileSync(join(archive, keys[0]!), 'x');
    for (let run = 0; run < 5; run += 1) await runHere(['verify', '--to', archive], environment);
    const after = await statusOf(scene, environment);
    expect(after).toMatch(/^Files +4 files archived, /m);
    expect(after).toMatch(/^Damaged +1 file, /m);
    expect(after.match(/: verify partial \(1 damaged\), took /g)).toHaveLength(5);
    expect(after.match(/: sync clean \(5 archived\), took /g)).toHaveLength(1);
    const { stdout } = await runHere(['status', '--to', archive, '--json'], environment);
    expect(JSON.parse(stdout)).toMatchObject({
      lastRuns: [...Array.from({ length: 5 }, () => ({ kind: 'verify' })), { kind: 'sync' }],
    });
  });

  test('status gives the reason of a failed run, and the age of the stored credentials', async () => {
    const scene = await setScene();
    const { archive, environment, cloud } = scene;
    storeCredentials(scene, 6.5);
    const stored = withoutCredentials(scene);
    await runHere(['sync', '--to', archive], stored);
    expect(await statusOf(scene, stored)).toMatch(
      /^Credentials +6 days old, from \S+credentials\.json; GoPro's cookies last at most 7/m,
    );
    expect(await statusOf(scene, environment)).toMatch(/^Credentials +from the environment, so their age is unknown$/m);
    cloud.expireToken();
    expect(await runHere(['sync', '--to', archive], stored)).toMatchObject({ exitCode: 3 });
    const status = await statusOf(scene, stored);
    expect(status).toMatch(/: sync expired: \S.*credentials/);
    expect(status).toMatch(/^Next +renew the credentials with `cloud-sync login gopro`/m);
  });

  test('status tells a run that works from a run that was killed', async () => {
    const scene = await setScene(slowLibrary);
    const { archive, cloud } = scene;
    // A contender waits until the holder renews its lease, which happens several times in a term.
    const environment = { ...scene.environment, CLOUD_SYNC_LEASE_TERM_MS: '3000' };
    const child = startCli(['sync', '--to', archive, '--bwlimit', '5M'], { environment });
    while (cloud.requests.every(({ bytesSent }) => bytesSent < 1_000_000)) await delay(20);
    expect(await statusOf(scene, environment)).toMatch(new RegExp(`: sync at work now: process ${child.pid} on `));
    const locked = await runHere(['sync', '--to', archive], environment);
    expect(locked).toMatchObject({ exitCode: 4, stdout: expect.not.stringContaining('another run') });
    expect(locked.stderr.match(/another run/g)).toHaveLength(1);
    child.kill('SIGKILL');
    await child.result;
    expect(await statusOf(scene, environment)).toMatch(/: sync killed before its end$/m);
    // A later run holds the lease for a while, but it is not the run that was killed.
    await runHere(['verify', '--to', archive], environment);
    expect(await statusOf(scene, environment)).toMatch(/: sync killed before its end$/m);
  }, 60_000);
});

describe('a dry run', () => {
  test('a dry run of a known archive changes nothing that another command shows', async () => {
    const scene = await setScene();
    const { archive, environment, cloud } = scene;
    const [changed, gone] = [...cloud.library.media()];
    const names = `${changed!.record.filename},${gone!.record.filename}`;
    await runHere(['sync', '--to', archive, '--name', names], environment);
    cloud.library.touch(changed!.id);
    cloud.library.trash(gone!.id);
    const before = await shown(scene);
    const plan = await runHere(['sync', '--to', archive, '--dry-run', '--full', '--json'], environment);
    expect(finished(plan)).toMatchObject({ kind: 'dry-run', exitCode: 0, media: { changed: 1, gone: 1 } });
    expect(plan.stdout.match(/"medium.planned"/g)).toHaveLength(4);
    expect(await shown(scene)).toEqual(before);
  });
});

describe('--quiet', () => {
  test('warnings stay, and many findings become a short summary with the next step', async () => {
    const scene = await setScene({ preset: 'large', presetOptions: { count: 14 } });
    const { archive } = scene;
    storeCredentials(scene, 6);
    const environment = withoutCredentials(scene);
    const sync = await runHere(['sync', '--to', archive, '--quiet'], environment);
    expect(sync).toMatchObject({ exitCode: 0, stdout: '' });
    expect(sync.stderr).toMatch(/^warning: the credentials from .* are 6 days old; [^\n]*\n +Renew them soon[^\n]*\n$/);

    rmSync(join(archive, 'gopro-videos'), { recursive: true });
    const { exitCode, stdout, stderr } = await runHere(['verify', '--to', archive, '--quiet'], environment);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('failed: '))).toHaveLength(10);
    expect(lines.slice(10)).toEqual([
      expect.stringMatching(/^… and \d+ more: `cloud-sync list --status /),
      expect.stringMatching(/^\d+ checked, \d+ missing\. Some files differ .* Run `cloud-sync sync` to restore them\.$/),
    ]);
  });
});

test('a person may remove the last line of archives.json, as the hint says', async () => {
  const scene = await setScene();
  const { archive, environment, home } = scene;
  const other = `${archive}-other`;
  for (const to of [archive, other]) await runHere(['sync', '--to', to], environment);
  const path = join(home, 'archives.json');
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, lines.filter((line) => !line.includes(`${other}"`)).join('\n'));
  expect(await runHere(['status', '--to', archive], environment)).toMatchObject({ exitCode: 0, stderr: '' });
});
