/** First runs on a full disk, killed first runs, and first runs at the same time. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, temporaryDirectory } from '../support/cli-process.ts';
import { finished, setScene } from '../support/cli-scene.ts';

function preload(name: string): string {
  return `--import=${new URL(`../support/${name}`, import.meta.url).href}`;
}

const noHardLinks = { NODE_OPTIONS: preload('kill-at-step.ts'), NO_HARD_LINKS: '1' };

/** Makes each step slow, so that simultaneous runs meet in the middle of a step. */
const slow = { NODE_OPTIONS: preload('kill-at-step.ts'), STEP_DELAY_MS: '25' };

function idOf(archive: string): string {
  return (JSON.parse(readFileSync(join(archive, '.cloud-sync/archive.json'), 'utf8')) as { id: string }).id;
}

function knownArchives(home: string): Record<string, string> {
  return JSON.parse(readFileSync(join(home, 'archives.json'), 'utf8')) as Record<string, string>;
}

describe('a first run', () => {
  test.each([0, 40, 150, 400, 1_500])('a disk that is full after %i bytes does not harm the next run', async (bytes) => {
    const { archive, environment } = await setScene();
    const full = { NODE_OPTIONS: preload('fail-writes.ts'), FAIL_AFTER_BYTES: String(bytes) };
    const first = await runCli(['sync', '--to', archive, '--json'], { environment: { ...environment, ...full } });
    expect(finished(first)).toMatchObject({ exitCode: 6, error: { code: 'DESTINATION_FULL' } });
    const second = await runCli(['sync', '--to', archive, '--json'], { environment });
    expect(finished(second)).toMatchObject({ exitCode: 0, files: { archived: 5 } });
  });

  test.each(['', '{"id":"0d5f'])('`sync` replaces an archive.json with the text %j if the archive has no file', async (text) => {
    const { archive, environment } = await setScene();
    mkdirSync(join(archive, '.cloud-sync'), { recursive: true });
    writeFileSync(join(archive, '.cloud-sync/archive.json'), text);
    expect(await runCli(['status', '--to', archive], { environment })).toMatchObject({ exitCode: 2 });
    expect(await runCli(['sync', '--to', archive], { environment })).toMatchObject({ exitCode: 0 });
  });

  test('an archive.json that is cut is refused if there are archived files, and nothing changes', async () => {
    const { archive, environment, home } = await setScene();
    await runCli(['sync', '--to', archive], { environment });
    const path = join(archive, '.cloud-sync/archive.json');
    const text = readFileSync(path, 'utf8');
    for (const [cut, CLOUD_SYNC_HOME] of [
      ['', home],
      [text.slice(0, 12), temporaryDirectory()],
    ] as const) {
      writeFileSync(path, cut);
      const result = await runCli(['sync', '--to', archive], { environment: { ...environment, CLOUD_SYNC_HOME } });
      expect(result).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('Restore that file from a backup') });
      expect(readFileSync(path, 'utf8')).toBe(cut);
    }
    writeFileSync(path, text);
    expect(await runCli(['verify', '--to', archive], { environment })).toMatchObject({ exitCode: 0 });
  });
});

describe('first runs at the same time', () => {
  test('first runs of several homes on one disk without hard links agree on one id', async () => {
    const { archive, environment } = await setScene();
    const homes = Array.from({ length: 4 }, () => join(temporaryDirectory(), 'home'));
    const runs = homes.map(async (CLOUD_SYNC_HOME) =>
      runCli(['sync', '--to', archive], { environment: { ...environment, ...noHardLinks, ...slow, CLOUD_SYNC_HOME } }),
    );
    for (const { exitCode, stderr } of await Promise.all(runs)) expect([0, 4], stderr).toContain(exitCode);
    for (const home of homes) expect(knownArchives(home)).toEqual({ [archive]: idOf(archive) });
    expect(readdirSync(join(archive, '.cloud-sync/partial'))).toEqual([]);
  });

  test('a home remembers all archives that it begins at the same time', async () => {
    const { archive, environment, home } = await setScene({ preset: 'empty' });
    const archives = Array.from({ length: 8 }, (_, index) => `${archive}-${index}`);
    const runs = archives.map(async (to) => runCli(['sync', '--to', to], { environment }));
    for (const result of await Promise.all(runs)) expect(result).toMatchObject({ exitCode: 0 });
    expect(knownArchives(home)).toEqual(Object.fromEntries(archives.map((to) => [to, idOf(to)])));
  });
});

test('several processes that meet a damaged tracker set it aside once', async () => {
  const { archive, environment, home } = await setScene();
  await runCli(['sync', '--to', archive], { environment });
  const folder = join(home, 'archives', idOf(archive));
  writeFileSync(join(folder, 'tracker.sqlite'), 'damaged '.repeat(10_000));
  const runs = Array.from({ length: 6 }, async () =>
    runCli(['status', '--to', archive], { environment: { ...environment, ...slow } }),
  );
  for (const result of await Promise.all(runs)) expect(result).toMatchObject({ exitCode: 0 });
  expect(readdirSync(folder).filter((name) => name.includes('.corrupt-'))).toHaveLength(1);
});
