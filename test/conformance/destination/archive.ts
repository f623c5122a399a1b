import { expect } from 'vitest';
import type { FileDescription } from '../../../src/destination/destination.ts';
import { SyncError } from '../../../src/errors.ts';
import { allProofs } from '../../../src/media.ts';
import { collect } from '../../support/collect.ts';
import {
  archive,
  bytesOf,
  codeOf,
  describeFile,
  expectArchived,
  expectCode,
  replace,
  restart,
  upload,
  wanted,
  wholeOf,
  type Check,
} from './bed.ts';

const strangeNames = [
  '\u{1f3c4}\u200d\u2640\ufe0f surf.MP4',
  'two\nlines\t"%41\\.jpg',
  'é'.normalize('NFD'),
  '',
  ' ',
  `${'n'.repeat(300)}.MP4`,
];

export function archiveTests(check: Check): void {
  check('an archive reports a file as finished for its own original only', async (bed) => {
    const file = describeFile('finished');
    const content = bytesOf('finished', 2222);
    await archive(bed, file, content);
    await restart(bed);
    const opened = await bed.destination.open(file, wanted(bed, content.length));
    expect(opened).toEqual({ kind: 'finished', file: { key: file.original.key, ...wholeOf(content) } });
    const other = { ...file, original: { ...file.original, mediaId: 'another' } };
    const refused = bed.destination.open(other, wanted(bed, content.length)).then(({ kind }) => kind, codeOf);
    expect(['upload', 'KEY_TAKEN']).toContain(await refused);
    await bed.stage.remove(file.original.key);
    expect((await bed.destination.open(file, wanted(bed, content.length))).kind).toBe('upload');
  });

  check('a new process reads every description unchanged, even with strange names', async (bed) => {
    const files = strangeNames.map((originalName, index) => ({ ...describeFile(`named-${index}`), originalName }));
    const bare: FileDescription = {
      ...describeFile('bare'),
      original: { ...describeFile('bare').original, itemNumber: null, type: '', revision: 3 },
      capturedAt: null,
      validator: { etag: null, lastModified: null },
      mediumVersion: '',
      roles: [],
    };
    for (const file of [...files, bare]) await archive(bed, file, bytesOf(file.original.mediaId, 50));
    await restart(bed);
    const listed = await collect(bed.destination.list());
    for (const file of [...files, bare]) {
      const { key } = file.original;
      const content = bytesOf(file.original.mediaId, 50);
      expect(listed.find((one) => one.key === key)).toEqual({
        key,
        ...wholeOf(content),
        description: file,
        presentBytes: content.length,
      });
    }
  });

  check('an archive keeps later news of a claim', async (bed) => {
    const file = describeFile('described');
    const content = bytesOf('described', 100);
    const claim = 's3-etag:00112233445566778899aabbccddeeff-3';
    const about = { key: file.original.key, ...wholeOf(content) };
    await bed.destination.describe(about, { claim, proof: 'disputed', claimPartBytes: null }); // not archived yet
    await archive(bed, file, content);
    for (const evidence of [
      { claim, proof: 'unchecked', claimPartBytes: null },
      { claim, proof: 'disputed', claimPartBytes: null },
      { claim: 'none', proof: 'none', claimPartBytes: null },
      { claim, proof: 'proven', claimPartBytes: 0 },
      { claim: null, proof: 'none', claimPartBytes: null },
    ] as const) {
      await bed.destination.describe(about, evidence);
      await restart(bed);
      const { evidence: _, ...plain } = file;
      await expectArchived(bed, { ...plain, ...(evidence.claim !== null && { evidence }) }, content);
    }
  });

  check('an archive keeps the claim of a file, and how its bytes compare with the claim', async (bed) => {
    const claim = 's3-etag:00112233445566778899aabbccddeeff-3';
    const files = [
      ...allProofs.map((proof) => ({ claim, proof, claimPartBytes: null })),
      { claim: 'none', proof: 'none' as const, claimPartBytes: null },
      undefined,
    ].map((evidence, index) => ({ ...describeFile(`claimed-${index}`), ...(evidence && { evidence }) }));
    // One file has several parts. More of them would take long on a store with large parts.
    const contentOf = ({ original: { mediaId }, evidence }: FileDescription) =>
      bytesOf(mediaId, evidence?.proof === 'disputed' ? bed.stage.partSizeBytes + 100 : 100);
    for (const file of files) {
      const content = contentOf(file);
      // The proof is known when all bytes have arrived.
      const begun = file.evidence ? { ...file, evidence: { ...file.evidence, proof: 'unchecked' as const } } : file;
      const { state, parts } = await upload(bed, begun, content);
      await bed.destination.commit(file, state, parts, wholeOf(content));
      await expectArchived(bed, file, content);
    }
    await restart(bed);
    for (const file of files) {
      const content = contentOf(file);
      await expectArchived(bed, file, content);
      const opened = await bed.destination.open(file, wanted(bed, content.length));
      expect(opened).toMatchObject({ kind: 'finished', file: wholeOf(content) });
    }
  });

  check('a destination reads a range of a file', async (bed) => {
    const content = bytesOf('ranged', 700_000);
    const file = describeFile('ranged');
    await archive(bed, file, content);
    const { key } = file.original;
    for (const [from, to] of [
      [0, 1],
      [0, 700_000],
      [300_000, 600_001],
      [699_999, 700_000],
      [650_000, undefined],
    ] as const) {
      const taken: Buffer[] = [];
      const take = (bytes: Uint8Array) => void taken.push(Buffer.from(bytes));
      const read = await bed.destination.stat(key, { deep: true, from, ...(to !== undefined && { to }), take });
      const wantedBytes = content.subarray(from, to);
      expect(read).toEqual({ key, ...wholeOf(wantedBytes) });
      expect(Buffer.concat(taken).equals(wantedBytes)).toBe(true);
    }
  });

  check('an archive lists a removed file as absent, or forgets it', async (bed) => {
    await archive(bed, describeFile('stays'), bytesOf('stays', 100));
    await archive(bed, describeFile('vanishes'), bytesOf('vanishes', 100));
    await bed.stage.remove(describeFile('vanishes').original.key);
    const listed = await collect(bed.destination.list());
    const present = listed.filter(({ presentBytes }) => presentBytes !== null);
    expect(present.map(({ key, presentBytes }) => [key, presentBytes])).toEqual([[describeFile('stays').original.key, 100]]);
    const absent = listed.filter(({ presentBytes }) => presentBytes === null);
    const described = { description: describeFile('vanishes'), ...wholeOf(bytesOf('vanishes', 100)) };
    if (!bed.destination.forgetsAbsentFiles) expect(absent).toEqual([expect.objectContaining(described)]);
    expect(await bed.destination.stat(describeFile('vanishes').original.key)).toBeUndefined();
    expect(await bed.destination.stat(describeFile('vanishes').original.key, { deep: true })).toBeUndefined();
  });

  check('a listing leaves out the keys that the caller knows', async (bed) => {
    await archive(bed, describeFile('known'), bytesOf('known', 100));
    await archive(bed, describeFile('new'), bytesOf('new', 100));
    const except = new Set([describeFile('known').original.key]);
    expect((await collect(bed.destination.list({ except }))).map(({ key }) => key)).toEqual([describeFile('new').original.key]);
  });

  check('a deep check shows that bytes changed', async (bed) => {
    const file = describeFile('damaged');
    const content = bytesOf('damaged', bed.stage.partSizeBytes + 50_000);
    await archive(bed, file, content);
    await bed.stage.corrupt(file.original.key);
    const looked = await bed.destination.stat(file.original.key, { deep: true });
    expect(looked?.sizeBytes).toBe(content.length);
    expect(looked?.crc32).not.toBe(wholeOf(content).crc32);
  });

  check('a deep check ends when its signal aborts', async (bed) => {
    await archive(bed, describeFile('interrupted'), bytesOf('interrupted', 5000));
    const signal = AbortSignal.abort(new SyncError('INTERRUPTED', 'enough'));
    await expectCode(bed.destination.stat(describeFile('interrupted').original.key, { deep: true, signal }), 'INTERRUPTED');
  });

  check('an archive lists as unknown the files that others put there, and none of its own', async (bed) => {
    const file = describeFile('known');
    await archive(bed, file, bytesOf('known', 100));
    await upload(bed, describeFile('unfinished'), bytesOf('unfinished', 100));
    await bed.stage.place('holiday notes.txt', Buffer.from('theirs'));
    await bed.stage.place('gopro-videos/2024/01/stray.MP4', Buffer.from('theirs too'));
    const known = new Set([file.original.key]);
    const unknown = await collect(bed.destination.unknown(known));
    expect(unknown.toSorted()).toEqual(['gopro-videos/2024/01/stray.MP4', 'holiday notes.txt']);
  });

  check('a damaged file is replaced under its key, and its bytes are kept', async (bed) => {
    const file = describeFile('aside');
    const content = bytesOf('aside', 3000);
    const places: string[] = [];
    await archive(bed, file, content);
    for (let round = 0; round < 3; round += 1) {
      await bed.stage.corrupt(file.original.key);
      const damaged = await bed.stage.readContent(file.original.key);
      const { movedTo } = await replace(bed, file, content);
      expect((await bed.stage.readContent(movedTo ?? ''))?.equals(damaged ?? content)).toBe(true);
      expect(await bed.destination.quarantined!(file.original.key)).toBe(movedTo);
      await expectArchived(bed, file, content);
      places.push(movedTo ?? '');
    }
    expect(new Set(places).size).toBe(3);
    expect(await collect(bed.destination.list())).toHaveLength(1);
  });
}
