/** A report as a page, as CSV and as JSON. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ReportModel } from '../../src/cli/archive-report/model.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { runCliHere } from '../support/cli.ts';
import { placeKinds, type DiskPlace, openPlace } from '../support/places.ts';
import { openSmallArchive } from '../support/restoring.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

async function report(scene: Scene, ...args: readonly string[]) {
  return runCliHere(['report', '--from', scene.place.to, ...args], scene.environment());
}

async function modelOf(scene: Scene): Promise<ReportModel> {
  const run = await report(scene, '--json');
  expect([run.exitCode, run.stderr]).toEqual([0, '']);
  return JSON.parse(run.stdout) as ReportModel;
}

async function outPath(name: string): Promise<string> {
  const temp = await makeTempDir();
  onTestFinished(async () => temp[Symbol.asyncDispose]());
  return join(temp.path, name);
}

test.each(placeKinds)('the counts of an archive on %s are those of its files, with and without a tracker', async (kind) => {
  const scene = await openSmallArchive(kind, `report-counts-${kind}`);
  const files = await scene.place.files();
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const known = await modelOf(scene);
  expect(known).toMatchObject({ hasTracker: true, archived: { files: files.length, bytes }, problems: [] });
  for (const rows of [known.months, known.cameras, known.types, known.proofs, known.checks])
    expect(rows.reduce((sum, row) => sum + row.files, 0)).toBe(files.length);
  await rm(scene.home, { recursive: true });
  const before = await scene.place.ownTexts();
  const unknown = await modelOf(scene);
  const { months, cameras, types, proofs } = known;
  expect(unknown).toMatchObject({ hasTracker: false, archived: known.archived, months, cameras, types, proofs });
  expect(unknown.checks).toMatchObject([{ name: expect.stringContaining('never'), files: files.length }]);
  expect(await scene.place.ownTexts()).toBe(before);
});

test('what is missing is named with its reason, the most serious first', async () => {
  const scene = await openSmallArchive('disk', 'report-missing');
  const [first = '', second = ''] = (await scene.place.files()).map(({ key }) => key).toSorted();
  await scene.place.remove(second);
  await scene.place.damage(first, 10);
  expectExit(await scene.verify(), 1);
  const model = await modelOf(scene);
  expect(model.problemCounts).toEqual([
    { word: 'damaged', entries: 1 },
    { word: 'missing', entries: 1 },
  ]);
  expect(model.problems.map(({ word, name }) => [word, name])).toEqual([
    ['damaged', first],
    ['missing', second],
  ]);
  expect(model.problems[1]!.reason).toContain('verify did not find it');
  expect(model.archived.files).toBe((await scene.place.files()).length - 1);
});

test('a page replaces only an older report, and never lands in an archive', async () => {
  const scene = await openSmallArchive('disk', 'report-out');
  const path = await outPath('report.html');
  for (let turn = 0; turn < 2; turn += 1) {
    const run = await report(scene, '--out', path);
    expect([run.exitCode, run.stdout]).toEqual([0, `The report is in ${path}\n`]);
  }
  expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>\n/);
  await writeFile(path, 'my diary');
  const refused = await report(scene, '--out', path);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('is not replaced')]);
  expect(await readFile(path, 'utf8')).toBe('my diary');
  const { directory } = scene.place as DiskPlace;
  await mkdir(join(directory, 'mine'));
  const inside = await report(scene, '--out', join(directory, 'mine', 'report.html'));
  expect([inside.exitCode, inside.stderr]).toEqual([2, expect.stringContaining('is inside the archive')]);
  const nowhere = await report(scene, '--out', join(path, 'no', 'folder.html'));
  expect([nowhere.exitCode, nowhere.stderr]).toEqual([6, expect.stringContaining('cannot write')]);
  const both = await report(scene, '--json', '--csv');
  expect(both.exitCode).toBe(2);
  const other = join(path, '..', 'other.html');
  const none = await runCliHere(['report', '--from', join(path, '..'), '--out', other], scene.environment());
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('is no archive')]);
  expect(await readdir(join(path, '..'))).toEqual(['report.html']);
});

test('hostile names are harmless in the page and in the CSV', async () => {
  const maker = createMediaMaker('report-hostile');
  const names = [
    '<script>alert(1)</script>.MP4',
    '=HYPERLINK("http://evil.example")',
    '"quoted", with\nlines',
    '-2+3',
    '\u202egpj.exe',
  ];
  const library = createLibrary(names.map(() => maker.photo()));
  for (const [index, { id }] of [...library.media()].entries()) library.touch(id, { filename: names[index]! });
  await using scene = await openScene({ library, place: await openPlace('disk'), inProcess: true });
  expectExit(await scene.sync(), 0);
  for (const { key } of await scene.place.files()) await scene.place.remove(key);
  expectExit(await scene.verify(), 1);
  const page = await report(scene, '--out', '-');
  expect(page.stdout).not.toContain('<script>');
  expect(page.stdout).not.toContain('\u202e');
  const csv = await report(scene, '--csv');
  const rows = csv.stdout.split('\r\n');
  expect(rows[0]).toBe('status,file,medium id,medium name,type,camera,captured at,bytes,proof,last read at,reason');
  expect(rows).toHaveLength(names.length + 2);
  expect(csv.stdout).toContain(`,"'=HYPERLINK(""http://evil.example"")",`);
  expect(csv.stdout).toContain(`,"""quoted"", with\nlines",`);
  expect(csv.stdout).toContain(",'-2+3,");
});
