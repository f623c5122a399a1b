/** A person accepts a lost file, and takes the acceptance back. */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { fileOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openSceneAt } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

describe.each(placeKinds)('a damaged file on %s whose medium is gone', (kind) => {
  /**
   * A store keeps showing the checksum of the upload, so only `--deep` finds later damage there.
   */
  const deep = kind === 's3' ? ['--deep'] : [];

  async function openDamaged() {
    const maker = createMediaMaker(`accept-${kind}`);
    const [victim, sound] = [maker.photo(), maker.photo()];
    const library = createLibrary([victim, sound]);
    const scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = fileOf(await scene.place.files(), victim.id);
    await scene.place.damage(key, 1_000);
    expectExit(await scene.verify(...deep), 1);
    library.trash(victim.id);
    const run = async (command: string, ...args: readonly string[]) => scene.run(command, ...args, '--to', scene.place.to);
    return { scene, library, victim, sound, key, run };
  }

  test('a lost file makes `sync` end with 1 until the file is accepted, and again after `retry`', async () => {
    const { scene, victim, sound, key, run } = await openDamaged();
    await using _scene = scene;
    const lost = await scene.sync();
    expectExit(lost, 1);
    const path = `${scene.place.to}/${key}`;
    expect(eventsOf(lost, 'file.lost')).toEqual([expect.objectContaining({ key, path, mark: 'DAMAGED', lastCopy: path })]);
    expect(lost.finished).toMatchObject({ outcome: 'partial', files: { lost: 1, accepted: 0, failed: 0, skipped: 1 } });

    const refused = await run('accept', key, sound.id);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`${sound.id} is completed`) });
    expectExit(await scene.sync(), 1);

    expect(await run('accept', key)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Accepted 1 entry') });
    const clean = await scene.sync();
    expectExit(clean, 0);
    expect(clean.finished).toMatchObject({ outcome: 'clean', files: { lost: 0, accepted: 1 } });
    expect(eventsOf(clean, 'file.lost')).toEqual([]);
    const verified = await scene.verify(...deep);
    expectExit(verified, 0);
    expect(eventsOf(verified, 'file.damaged')).toEqual([expect.objectContaining({ key, lost: true, lastCopy: path })]);
    expect((await run('list', '--status', 'accepted')).stdout).toContain(key);

    expect(await run('retry', victim.id)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Reset 1 entry') });
    expectExit(await scene.sync(), 1);
    expectExit(await scene.verify(...deep), 1);
  });

  test('an acceptance ends when something else is wrong with the file', async () => {
    const { scene, key, run } = await openDamaged();
    await using _scene = scene;
    expectExit(await scene.sync(), 1);
    expect(await run('accept', key)).toMatchObject({ exitCode: 0 });
    await scene.place.remove(key);
    expectExit(await scene.verify(), 1);
    const lost = await scene.sync();
    expectExit(lost, 1);
    expect(eventsOf(lost, 'file.lost')).toEqual([expect.objectContaining({ key, mark: 'MISSING', lastCopy: null })]);
  });

  test('a file that was accepted is repaired when its medium comes back', async () => {
    const { scene, library, victim, key, run } = await openDamaged();
    await using _scene = scene;
    expectExit(await scene.sync(), 1);
    expect(await run('accept', key)).toMatchObject({ exitCode: 0 });
    library.restore(victim.id);
    const repaired = await scene.sync();
    expectExit(repaired, 0);
    expect(repaired.finished.files).toMatchObject({ archived: 1, lost: 0, accepted: 0 });
    expectExit(await scene.verify(...deep), 0);
    expect((await run('list', '--status', 'accepted')).stdout).toBe('');
  });
});
