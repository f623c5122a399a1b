import { execFile } from 'node:child_process';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { collect } from '../../../../test/support/collect.ts';
import { archive, content, describeFile, keys, useTestDisk, validator, wholeOf } from '../../../../test/support/disk-archive.ts';

const place = useTestDisk();

const manifestPath = () => place.path('.cloud-sync', 'manifest.jsonl');

describe('the manifest', () => {
  test('the manifest can be read and written although some lines are cut off, foreign or hostile', async () => {
    await archive(place.disk, describeFile('a'), content);
    const [line = ''] = (await readFile(manifestPath(), 'utf8')).split('\n');
    const hostile = JSON.stringify({ ...(JSON.parse(line) as object), key: '../../etc/passwd' });
    await writeFile(manifestPath(), `not json\n[]\nnull\n${hostile}\n${line}\n${line.slice(0, 200)}`);
    const next = place.open();
    expect(await keys(next)).toEqual([describeFile('a').original.key]);
    await archive(next, describeFile('b'), content);
    expect(await keys(place.open())).toEqual([describeFile('a').original.key, describeFile('b').original.key]);
  });

  test('a damaged line of a file does not hide the earlier lines of that file', async () => {
    await archive(place.disk, describeFile('a'), content);
    await archive(place.disk, describeFile('b'), content);
    const text = await readFile(manifestPath(), 'utf8');
    const [line = ''] = text.split('\n');
    const { key } = describeFile('a').original;
    const noSize = JSON.stringify({ ...(JSON.parse(line) as object), size: -1 });
    const older = line.replace(/"size":\d+/, '"size":1');
    await writeFile(manifestPath(), `${older}\n${text}${line.replace('"size":', '"size"#')}\n${noSize}\n`);
    const next = place.open();
    const listed = await collect(next.list());
    expect(listed.map((file) => file.key)).toEqual([describeFile('b').original.key, key]);
    expect(listed[1]).toMatchObject({ ...wholeOf(content), presentBytes: content.length });
    const wanted = { partSizeBytes: 10, sizeBytes: content.length, validator };
    expect(await next.open(describeFile('a'), wanted)).toMatchObject({ kind: 'finished', file: wholeOf(content) });
    expect(await collect(next.list({ except: new Set([key]) }))).toHaveLength(1);
  });

  test('a file with an unreadable description is listed without a description', async () => {
    await archive(place.disk, describeFile('a'), content);
    const line = await readFile(manifestPath(), 'utf8');
    await writeFile(manifestPath(), line.replace('"role":"source"', '"role":"hologram"'));
    for await (const file of place.disk.list())
      expect(file).toEqual({
        key: describeFile('a').original.key,
        ...wholeOf(content),
        description: undefined,
        presentBytes: content.length,
      });
    expect(await keys(place.disk)).toHaveLength(1);
  });

  test('a file whose size on the disk differs from the manifest is listed with both sizes', async () => {
    await archive(place.disk, describeFile('a'), content);
    await truncate(place.path(describeFile('a').original.key), 3);
    const listed = await collect(place.disk.list());
    expect(listed).toEqual([expect.objectContaining({ ...wholeOf(content), presentBytes: 3 })]);
  });
});

async function checkSums(): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('sha256sum', ['--check', '--strict', '--quiet', '.cloud-sync/SHA256SUMS'], { cwd: place.root });
}

test('the system command `sha256sum` accepts SHA256SUMS, including odd names', async () => {
  const hashing = place.open({ hash: 'sha256' });
  const odd = ['plain.MP4', ' leading space.MP4', '-dash.MP4', 'line\nbreak.MP4', 'return\r.MP4', 'snö 🏄.MP4', '*star.MP4'];
  for (const [index, name] of odd.entries()) {
    await archive(hashing, describeFile(`m${index}`, `gopro-videos/${name}`), Buffer.from(`content ${index}`));
  }
  await archive(hashing, describeFile('top', '-top.MP4'), content);
  expect(await checkSums()).toEqual({ stdout: '', stderr: '' });
  await writeFile(place.path('gopro-videos', 'plain.MP4'), 'changed');
  await expect(checkSums()).rejects.toMatchObject({ stdout: 'gopro-videos/plain.MP4: FAILED\n' });
});
