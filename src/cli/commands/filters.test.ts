import { describe, expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-process.ts';
import { events, finished, runHere, setScene } from '../../../test/support/cli-scene.ts';

describe('a run with filters', () => {
  test('a run whose filters select nothing says so, and names the values of the library', async () => {
    const { archive, environment, cloud } = await setScene();
    const camera = [...cloud.library.media()][0]!.record.camera_model;
    const filters = ['--camera', 'Hero 12', '--name', 'GX0101*', '--since', '2031-01-01', '--min-size', '9T'];
    const { exitCode, stdout } = await runCli(['sync', '--to', archive, ...filters], { environment });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Nothing to do; the filters leave out 5 media not archived yet$/m);
    expect(stdout).toContain('warning: the filters select none of the 5 media of the library');
    expect(stdout).toContain(`no camera matches "Hero 12"; the library has the cameras ${camera}`);
    expect(stdout).toMatch(/no name matches "GX0101\*"; the library has the names \S+/);
    expect(stdout).toMatch(/range of --since and --until; they are from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/);
    expect(stdout).toMatch(/range of --min-size and --max-size; they have \d+ to \d+ bytes/);
    expect(stdout).toMatch(/left out +5 /);
    expect(stdout).toMatch(/\nNothing was archived, because the filters select no medium of the library/);
    expect(stdout).not.toContain('Everything');

    const json = await runHere(['sync', '--to', archive, '--camera', 'Hero 12', '--json'], environment);
    expect(finished(json)).toMatchObject({ exitCode: 0, filters: { selected: 0, leftOut: 5, unmatched: [expect.any(String)] } });
    expect(events(json)).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('Hero 12') }),
    );
    const quiet = await runHere(['sync', '--to', archive, '--camera', 'Hero 12', '--quiet'], environment);
    expect(quiet).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^warning: .*none of the 5 media[^\n]*\n$/) });
  });

  test('filters that match only one by one are named as the reason', async () => {
    const { archive, environment, cloud } = await setScene();
    const [one, other] = [...cloud.library.media()].map(({ record }) => record.filename);
    const filters = ['--name', String(one), '--max-size', '1'];
    const { stdout } = await runHere(['sync', '--to', archive, ...filters], environment);
    expect(stdout).toContain('no medium is in the range of --min-size and --max-size');
    expect(stdout).not.toContain(String(other));
  });

  test('a run of a part of the library never says that everything is archived', async () => {
    const { archive, environment, cloud } = await setScene();
    const [first] = [...cloud.library.media()];
    const filters = ['--name', `${first!.record.filename},GX99*`];
    const { stdout } = await runHere(['sync', '--to', archive, ...filters], environment);
    expect(stdout).toMatch(/archived +1 [^]*left out +4 [^]*no name matches "GX99\*"/);
    expect(stdout).toMatch(/\nEverything that the filters select is archived and verified/);
    const { stdout: status } = await runHere(['status', '--to', archive], environment);
    expect(status).toMatch(/: sync clean \(1 archived, 4 media left out by filters\), took/);
  });

  test('an empty library is not called archived, and an empty archive is not called intact', async () => {
    const { archive, environment } = await setScene({ preset: 'empty' });
    const { stdout } = await runHere(['sync', '--to', archive], environment);
    expect(stdout).toContain('The library is empty, so there is nothing to archive');
    const verified = await runHere(['verify', '--to', archive], environment);
    expect(verified).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('The archive has no files to check') });
  });
});
