/** What every destination must do, told by the comments of the port. Each adapter runs this suite against a place of its own. */
import { createCipheriv } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  DescribedFile,
  Destination,
  FileDescription,
  Opened,
  Part,
  UploadState,
} from '../../src/destination/destination.ts';
import { SyncError, type ErrorCode } from '../../src/errors.ts';
import { thisOwner } from '../../src/lib/owner.ts';
import { crc32, crc32OfParts } from '../../src/lib/crc32.ts';
import { partRanges } from '../../src/transfer/parts.ts';

/** An empty place for one archive, and the power to act on it behind the adapter's back. */
export interface DestinationStage extends AsyncDisposable {
  /** The smallest part that the store takes, except as the last one. */
  readonly partSizeBytes: number;
  /** A fresh adapter on this place, as a new process would have it. The stage closes it. */
  open(): Promise<Destination>;
  /** The bytes at a key; undefined when there is nothing. */
  readContent(key: string): Promise<Buffer | undefined>;
  /** Puts a file at a key without telling the archive. */
  place(key: string, content: Buffer): Promise<void>;
  /** Changes bytes of the file at a key, but not its size. */
  corrupt(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** How many unfinished uploads the place holds. */
  unfinished(): Promise<number>;
  /** Lets time pass, as the adapters see it. */
  advance(ms: number): void;
}

const dayMs = 24 * 60 * 60_000;
const strangeNames = [
  '\u{1f3c4}\u200d\u2640\ufe0f surf.MP4',
  'two\nlines\t"%41\\.jpg',
  'é'.normalize('NFD'),
  '',
  ' ',
  `${'n'.repeat(300)}.MP4`,
];

/**
 * Runs the suite. `gaps` names cases that an adapter does not fulfil, with the reason: those are expected to fail, so that a gap that was
 * closed shows itself.
 */
export function destinationConformance(
  name: string,
  setup: () => Promise<DestinationStage>,
  gaps: Readonly<Record<string, string>> = {},
): void {
  describe(`${name} as a destination`, () => {
    const unknownGaps = new Set(Object.keys(gaps));
    const must = (what: string, check: () => Promise<void>): void => {
      const reason = gaps[what];
      unknownGaps.delete(what);
      if (reason === undefined) test(what, check);
      else test.fails(`${what} (gap: ${reason})`, check);
    };
    let stage: DestinationStage;
    let destination: Destination;
    let lease: AsyncDisposable;

    /** A new process takes over the place. */
    const begin = async () => {
      destination = await stage.open();
      await destination.initialise('archive-1');
      lease = await destination.lease(thisOwner(crypto.randomUUID()));
    };
    const restart = async () => {
      await lease[Symbol.asyncDispose]();
      await destination.close();
      await begin();
    };
    beforeEach(async () => {
      stage = await setup();
      await begin();
    });
    afterEach(async () => {
      await lease[Symbol.asyncDispose]();
      await destination.close();
      await stage[Symbol.asyncDispose]();
    });

    const wanted = (sizeBytes: number | null, change: Partial<UploadState> = {}): Omit<UploadState, 'id'> => ({
      partSizeBytes: stage.partSizeBytes,
      sizeBytes,
      validator: { etag: '"v1"', lastModified: null },
      ...change,
    });
    const rangesOf = (content: Buffer) =>
      partRanges(content.length, stage.partSizeBytes).map(({ number, start, sizeBytes }) => ({
        number,
        bytes: content.subarray(start, start + sizeBytes),
      }));
    const upload = async (file: FileDescription, content: Buffer): Promise<{ state: UploadState; parts: Part[] }> => {
      const { state } = asUpload(await destination.open(file, wanted(content.length)));
      const parts: Part[] = [];
      for (const { number, bytes } of rangesOf(content)) parts.push(await writePart(destination, file, state, number, bytes));
      return { state, parts };
    };
    const archive = async (file: FileDescription, content: Buffer) => {
      const { state, parts } = await upload(file, content);
      return destination.commit(file, state, parts, wholeOf(content));
    };
    const expectArchived = async (file: FileDescription, content: Buffer) => {
      const { key } = file.original;
      expect((await stage.readContent(key))?.equals(content)).toBe(true);
      expect(await destination.stat(key, { deep: true })).toEqual({ key, ...wholeOf(content) });
      expect((await collect(destination.list())).find((listed) => listed.key === key)?.description).toEqual(file);
    };
    const expectNothing = async (file: FileDescription) => {
      // Its length: a whole file takes seconds to print.
      expect((await stage.readContent(file.original.key))?.length).toBeUndefined();
      expect(await destination.stat(file.original.key)).toBeUndefined();
      expect(await collect(destination.list())).toEqual([]);
    };

    const expectDropped = async (change: () => Partial<UploadState>) => {
      const file = describeFile('dropped');
      const content = bytesOf('dropped', stage.partSizeBytes * 2);
      const earlier = await upload(file, content);
      const opened = asUpload(await destination.open(file, wanted(content.length, change()), earlier));
      expect(opened.state.id).not.toBe(earlier.state.id);
      expect(opened.parts).toEqual([]);
      await expectCode(destination.commit(file, earlier.state, earlier.parts, wholeOf(content)), 'UPLOAD_LOST');
      await expectNothing(file);
    };

    describe('the place', () => {
      must('is no archive before it is made one, and only the first id stands', async () => {
        await using fresh = await setup();
        const adapter = await fresh.open();
        expect(await adapter.identify()).toBeUndefined();
        expect(await adapter.identify()).toBeUndefined();
        expect(await adapter.initialise('first')).toBe('first');
        expect(await adapter.initialise('second')).toBe('first');
        expect(await (await fresh.open()).identify()).toBe('first');
      });

      must('gets one id when several make it an archive at once', async () => {
        await using fresh = await setup();
        const ids = ['a', 'b', 'c', 'd'];
        const adapters = await Promise.all(ids.map(async () => fresh.open()));
        const standing = new Set(await Promise.all(adapters.map(async (adapter, index) => adapter.initialise(ids[index] ?? ''))));
        expect(standing.size).toBe(1);
        expect(standing).toContain(await adapters[0]?.identify());
      });

      must('is held by one run at a time', async () => {
        const other = await stage.open();
        await expectCode(other.lease(thisOwner('another')), 'LOCKED');
        await lease[Symbol.asyncDispose]();
        lease = await other.lease(thisOwner('another'));
      });

      must('tells its free space', async () => {
        expect(await destination.freeBytes()).toBeGreaterThan(0);
      });
    });

    describe('an upload', () => {
      must('of one part is archived as it was', async () => {
        const content = bytesOf('one', 100_003);
        expect(await archive(describeFile('one'), content)).toEqual({
          key: describeFile('one').original.key,
          ...wholeOf(content),
        });
        await expectArchived(describeFile('one'), content);
      });

      must('of no bytes is archived', async () => {
        await archive(describeFile('empty'), Buffer.alloc(0));
        await expectArchived(describeFile('empty'), Buffer.alloc(0));
      });

      must('of many parts is archived as it was', async () => {
        const content = bytesOf('many', stage.partSizeBytes * 2 + 777);
        await archive(describeFile('many'), content);
        await expectArchived(describeFile('many'), content);
      });

      must('takes its parts at once and in any order', async () => {
        const file = describeFile('shuffled');
        const content = bytesOf('shuffled', stage.partSizeBytes * 3 + 5);
        const { state } = asUpload(await destination.open(file, wanted(content.length)));
        const parts = await Promise.all(
          rangesOf(content)
            .toReversed()
            .map(async ({ number, bytes }) => writePart(destination, file, state, number, bytes)),
        );
        await destination.commit(file, state, parts, wholeOf(content));
        await expectArchived(file, content);
      });

      must('of unknown length takes parts of unknown length', async () => {
        const file = describeFile('unknown-length');
        const content = bytesOf('unknown-length', stage.partSizeBytes + 99);
        const { state } = asUpload(await destination.open(file, wanted(null)));
        expect(state.sizeBytes).toBeNull();
        const parts: Part[] = [];
        for (const { number, bytes } of rangesOf(content)) {
          parts.push(await writePart(destination, file, state, number, bytes, { announced: null }));
        }
        await destination.commit(file, state, parts, wholeOf(content));
        await expectArchived(file, content);
      });

      must('refuses a part that is longer or shorter than announced', async () => {
        const file = describeFile('misfit');
        const { state } = asUpload(await destination.open(file, wanted(1000)));
        for (const length of [999, 1001]) {
          const bytes = bytesOf('misfit', length);
          await expect(writePart(destination, file, state, 1, bytes, { announced: 1000 })).rejects.toBeInstanceOf(SyncError);
        }
      });

      must('forgets a part that was aborted, and takes it again', async () => {
        const file = describeFile('aborted-part');
        const content = bytesOf('aborted-part', stage.partSizeBytes + 4000);
        const { state } = asUpload(await destination.open(file, wanted(content.length)));
        const [first, second] = rangesOf(content);
        const writer = destination.writePart(file, state, 1, stage.partSizeBytes);
        await writer.write(bytesOf('rubbish', stage.partSizeBytes / 2));
        writer.abort();
        writer.abort();
        const parts = [
          await writePart(destination, file, state, 1, first!.bytes),
          await writePart(destination, file, state, 2, second!.bytes),
        ];
        await destination.commit(file, state, parts, wholeOf(content));
        await expectArchived(file, content);
      });

      must('lets the later of two tries of a part stand', async () => {
        const file = describeFile('twice');
        const content = bytesOf('twice', 5000);
        const { state } = asUpload(await destination.open(file, wanted(content.length)));
        await writePart(destination, file, state, 1, bytesOf('rubbish', 5000));
        const parts = [await writePart(destination, file, state, 1, content)];
        await destination.commit(file, state, parts, wholeOf(content));
        await expectArchived(file, content);
      });

      must('leaves nothing unfinished behind once it is archived', async () => {
        await archive(describeFile('small'), bytesOf('small', 10));
        await archive(describeFile('large'), bytesOf('large', stage.partSizeBytes + 10));
        expect(await stage.unfinished()).toBe(0);
      });

      must('is one of many small ones at once', async () => {
        const files = Array.from({ length: 60 }, (_, index) => describeFile(`small-${index}`));
        await Promise.all(files.map(async (file, index) => archive(file, bytesOf(file.original.mediaId, 1000 + index))));
        const described = new Map((await collect(destination.list())).map((listed) => [listed.key, listed.description]));
        expect(described).toEqual(new Map(files.map((file) => [file.original.key, file])));
        for (const [index, file] of files.entries()) {
          expect(await stage.readContent(file.original.key)).toEqual(bytesOf(file.original.mediaId, 1000 + index));
        }
        expect(await stage.unfinished()).toBe(0);
      });
    });

    describe('a resume', () => {
      must('goes on in a new process with the parts that are there', async () => {
        const file = describeFile('resumed');
        const content = bytesOf('resumed', stage.partSizeBytes * 2 + 321);
        const [first, second, third] = rangesOf(content);
        const { state } = asUpload(await destination.open(file, wanted(content.length)));
        const stored = [
          await writePart(destination, file, state, 1, first!.bytes),
          await writePart(destination, file, state, 3, third!.bytes),
        ];
        await restart();
        const resumed = asUpload(await destination.open(file, wanted(content.length), { state, parts: stored }));
        expect(resumed.state).toEqual(state);
        expect(new Set(resumed.parts)).toEqual(new Set(stored));
        const parts = [...resumed.parts, await writePart(destination, file, state, 2, second!.bytes)];
        await destination.commit(file, state, parts, wholeOf(content));
        await expectArchived(file, content);
      });

      const otherwise: Readonly<Record<string, Partial<UploadState>>> = {
        size: { sizeBytes: 12_345 },
        ETag: { validator: { etag: '"v2"', lastModified: null } },
        date: { validator: { etag: '"v1"', lastModified: 'Tue, 02 Jan 2024 03:04:05 GMT' } },
      };
      for (const [field, change] of Object.entries(otherwise)) {
        must(`of another ${field} drops what was there`, async () => expectDropped(() => change));
      }
      must('in another part size drops what was there', async () =>
        expectDropped(() => ({ partSizeBytes: stage.partSizeBytes * 2 })),
      );

      must('of an upload that is gone begins afresh', async () => {
        const file = describeFile('gone');
        const earlier = await upload(file, bytesOf('gone', 3000));
        await destination.abort(earlier.state);
        const opened = asUpload(await destination.open(file, wanted(3000), earlier));
        expect(opened.parts).toEqual([]);
        const content = bytesOf('gone', 3000);
        const parts = [await writePart(destination, file, opened.state, 1, content)];
        await destination.commit(file, opened.state, parts, wholeOf(content));
        await expectArchived(file, content);
      });
    });

    describe('a commit', () => {
      must('may be repeated, also by another process that lost the reply', async () => {
        const file = describeFile('repeated');
        const content = bytesOf('repeated', stage.partSizeBytes + 1);
        const { state, parts } = await upload(file, content);
        const first = await destination.commit(file, state, parts, wholeOf(content));
        expect(await destination.commit(file, state, parts, wholeOf(content))).toEqual(first);
        await restart();
        expect(await destination.commit(file, state, parts, wholeOf(content))).toEqual(first);
        await expectArchived(file, content);
        expect(await collect(destination.list())).toHaveLength(1);
        expect(await stage.unfinished()).toBe(0);
      });

      must('of a small file whose process ended finds it where it was published, or nothing', async () => {
        const content = bytesOf('ended', 3000);
        const file = describeFile('ended');
        const { state, parts } = await upload(file, content);
        const ended = { ...state, id: '' };
        await restart();
        await expectCode(destination.commit(file, ended, parts, wholeOf(content)), 'UPLOAD_LOST');
        await expectNothing(file);
        // Published, but not described: the process ended in between.
        await stage.place(file.original.key, content);
        expect(await destination.commit(file, ended, parts, wholeOf(content))).toEqual({
          key: file.original.key,
          ...wholeOf(content),
        });
        await expectArchived(file, content);
        await expectCode(
          destination.commit(describeFile('ended'), ended, [{ ...parts[0]!, crc32: 1 }], { sizeBytes: 3000, crc32: 1 }),
          'KEY_TAKEN',
        );
      });

      must('with another checksum than the bytes have publishes nothing', async () => {
        const file = describeFile('wrong-whole');
        const content = bytesOf('wrong-whole', stage.partSizeBytes + 1);
        const { state, parts } = await upload(file, content);
        const whole = { sizeBytes: content.length, crc32: (wholeOf(content).crc32 ^ 1) >>> 0 };
        await expectCode(destination.commit(file, state, parts, whole), 'CHECKSUM_MISMATCH');
        await expectNothing(file);
      });

      must('of a part with another checksum than its bytes publishes nothing', async () => {
        const file = describeFile('wrong-part');
        const content = bytesOf('wrong-part', stage.partSizeBytes + 1);
        const { state } = asUpload(await destination.open(file, wanted(content.length)));
        const attempt = async () => {
          const parts: Part[] = [];
          for (const { number, bytes } of rangesOf(content)) {
            parts.push(await writePart(destination, file, state, number, bytes, { crc32: number === 2 ? 1 : crc32(bytes) }));
          }
          await destination.commit(file, state, parts, { sizeBytes: content.length, crc32: crc32OfParts(parts) });
        };
        await expect(attempt()).rejects.toBeInstanceOf(SyncError);
        await expectNothing(file);
      });

      must('never replaces another file, of the same size or another', async () => {
        for (const length of [2000, 2001]) {
          const file = describeFile(`taken-${length}`);
          const theirs = bytesOf('theirs', length);
          await stage.place(file.original.key, theirs);
          await expectCode(archive(file, bytesOf('ours', 2000)), 'KEY_TAKEN');
          expect((await stage.readContent(file.original.key))?.equals(theirs)).toBe(true);
        }
        expect(await collect(destination.list())).toEqual([]);
      });

      must('to a key that holds the same bytes is a success', async () => {
        const content = bytesOf('same', 2000);
        await stage.place(describeFile('same').original.key, content);
        expect(await archive(describeFile('same'), content)).toEqual({
          key: describeFile('same').original.key,
          ...wholeOf(content),
        });
        expect(await stage.unfinished()).toBe(0);
      });

      must('of several to one key lets one win, and names it to the others', async () => {
        const file = describeFile('contested');
        const contents = Array.from({ length: 5 }, (_, index) => bytesOf(`contested ${index}`, 4000));
        // All are under way before the first is done: who comes later may rightly hear that the file is finished.
        const uploads = await Promise.all(contents.map(async (content) => upload(file, content)));
        const results = await Promise.allSettled(
          uploads.map(async ({ state, parts }, index) => destination.commit(file, state, parts, wholeOf(contents[index]!))),
        );
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
        for (const result of results) if (result.status === 'rejected') expect(codeOf(result.reason)).toBe('KEY_TAKEN');
        const winner = contents[results.findIndex((result) => result.status === 'fulfilled')];
        await expectArchived(file, winner ?? Buffer.alloc(0));
      });
    });

    describe('the archive', () => {
      must('says that a file of this original is finished, and of no other', async () => {
        const file = describeFile('finished');
        const content = bytesOf('finished', 2222);
        await archive(file, content);
        await restart();
        const opened = await destination.open(file, wanted(content.length));
        expect(opened).toEqual({ kind: 'finished', file: { key: file.original.key, ...wholeOf(content) } });
        const other = { ...file, original: { ...file.original, mediaId: 'another' } };
        expect((await destination.open(other, wanted(content.length))).kind).toBe('upload');
        await stage.remove(file.original.key);
        expect((await destination.open(file, wanted(content.length))).kind).toBe('upload');
      });

      must('describes its files to a new process as they were described, strange names included', async () => {
        const files = strangeNames.map((originalName, index) => ({ ...describeFile(`named-${index}`), originalName }));
        const bare: FileDescription = {
          ...describeFile('bare'),
          original: { ...describeFile('bare').original, itemNumber: null, type: '', revision: 3 },
          capturedAt: null,
          validator: { etag: null, lastModified: null },
          mediumVersion: '',
          roles: [],
        };
        for (const file of [...files, bare]) await archive(file, bytesOf(file.original.mediaId, 50));
        await restart();
        const listed = await collect(destination.list());
        for (const file of [...files, bare]) {
          const { key } = file.original;
          const content = bytesOf(file.original.mediaId, 50);
          expect(listed.find((one) => one.key === key)).toEqual({ key, ...wholeOf(content), description: file });
        }
      });

      must('does not list what is no longer there', async () => {
        await archive(describeFile('stays'), bytesOf('stays', 100));
        await archive(describeFile('vanishes'), bytesOf('vanishes', 100));
        await stage.remove(describeFile('vanishes').original.key);
        expect((await collect(destination.list())).map((file) => file.key)).toEqual([describeFile('stays').original.key]);
        expect(await destination.stat(describeFile('vanishes').original.key)).toBeUndefined();
        expect(await destination.stat(describeFile('vanishes').original.key, { deep: true })).toBeUndefined();
      });

      must('shows by a deep look that bytes changed', async () => {
        const file = describeFile('damaged');
        const content = bytesOf('damaged', stage.partSizeBytes + 50_000);
        await archive(file, content);
        await stage.corrupt(file.original.key);
        const looked = await destination.stat(file.original.key, { deep: true });
        expect(looked?.sizeBytes).toBe(content.length);
        expect(looked?.crc32).not.toBe(wholeOf(content).crc32);
      });

      must('ends a deep look when it is asked to', async () => {
        await archive(describeFile('interrupted'), bytesOf('interrupted', 5000));
        const signal = AbortSignal.abort(new SyncError('INTERRUPTED', 'enough'));
        await expectCode(destination.stat(describeFile('interrupted').original.key, { deep: true, signal }), 'INTERRUPTED');
      });

      must('names the files that it does not know, none of its own', async () => {
        const file = describeFile('known');
        await archive(file, bytesOf('known', 100));
        await upload(describeFile('unfinished'), bytesOf('unfinished', 100));
        await stage.place('holiday notes.txt', Buffer.from('theirs'));
        await stage.place('gopro-videos/2024/01/stray.MP4', Buffer.from('theirs too'));
        const known = new Set([file.original.key]);
        const unknown = await collect(destination.unknown(known));
        expect(unknown.toSorted()).toEqual(['gopro-videos/2024/01/stray.MP4', 'holiday notes.txt']);
      });

      must('sets a damaged file aside, so that its key is free and its bytes are kept', async () => {
        const file = describeFile('aside');
        const content = bytesOf('aside', 3000);
        const places: (string | null)[] = [];
        for (let round = 0; round < 3; round += 1) {
          await archive(file, content);
          await stage.corrupt(file.original.key);
          const damaged = await stage.readContent(file.original.key);
          const place = await destination.setAside(file.original.key);
          expect((await stage.readContent(place ?? ''))?.equals(damaged ?? content)).toBe(true);
          await expectNothing(file);
          places.push(place);
        }
        expect(new Set(places).size).toBe(3);
        await archive(file, content);
        await expectArchived(file, content);
        expect(await collect(destination.list())).toHaveLength(1);
      });
    });

    describe('cleaning up', () => {
      must('drops an upload once, and is content when it is gone', async () => {
        const file = describeFile('dropped');
        const { state, parts } = await upload(file, bytesOf('dropped', 1000));
        await destination.abort(state);
        await destination.abort(state);
        await destination.abort({ ...state, id: 'never heard of' });
        await expectCode(destination.commit(file, state, parts, wholeOf(bytesOf('dropped', 1000))), 'UPLOAD_LOST');
        await expectNothing(file);
        expect(await stage.unfinished()).toBe(0);
      });

      must('sweeps what was forgotten for a week, and nothing that is needed', async () => {
        const large = stage.partSizeBytes + 1000;
        await upload(describeFile('forgotten'), bytesOf('forgotten', large));
        const needed = await upload(describeFile('needed'), bytesOf('needed', large));
        await archive(describeFile('archived'), bytesOf('archived', 1000));
        await restart();
        await destination.sweep(new Set());
        expect(await stage.unfinished()).toBe(2);
        stage.advance(8 * dayMs);
        await restart();
        await destination.sweep(new Set([needed.state.id]));
        expect(await stage.unfinished()).toBe(1);
        const content = bytesOf('needed', large);
        await destination.commit(describeFile('needed'), needed.state, needed.parts, wholeOf(content));
        await expectArchived(describeFile('needed'), content);
        await expectArchived(describeFile('archived'), bytesOf('archived', 1000));
      });
    });

    test('every gap names a case of the suite', () => {
      expect([...unknownGaps]).toEqual([]);
    });
  });
}

/** A file with every field filled. */
function describeFile(mediaId: string): FileDescription {
  return {
    original: {
      provider: 'gopro',
      account: 'account one',
      mediaId,
      role: 'source',
      label: 'source',
      type: 'mp4',
      position: 'default',
      itemNumber: 1,
      ordinal: 1,
      revision: 1,
      key: `gopro-videos/2024/01/GX010001__${mediaId}.MP4`,
    },
    originalName: 'GX010001.MP4',
    capturedAt: '2024-01-02T03:04:05Z',
    originalsOfMedium: 2,
    roles: ['source', 'raw'],
    validator: { etag: '"v1"', lastModified: null },
    mediumVersion: '2024-01-03T00:00:00Z|1||1000',
  };
}

/** Pseudo-random bytes that differ with the seed. */
function bytesOf(seed: string, sizeBytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(crc32(seed));
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

function wholeOf(content: Buffer): { sizeBytes: number; crc32: number } {
  return { sizeBytes: content.length, crc32: crc32(content) };
}

function asUpload(opened: Opened): Extract<Opened, { kind: 'upload' }> {
  if (opened.kind === 'upload') return opened;
  throw new Error(`${opened.file.key} counts as finished`);
}

/** Writes a part as a transfer does: in chunks as they come from a socket, waiting when told to, all of them in the same memory. */
async function writePart(
  destination: Destination,
  file: FileDescription,
  state: UploadState,
  number: number,
  bytes: Buffer,
  told: { readonly announced?: number | null; readonly crc32?: number } = {},
): Promise<Part> {
  const announced = told.announced === undefined ? bytes.length : told.announced;
  const writer = destination.writePart(file, state, number, announced);
  const memory = Buffer.alloc(65_536);
  try {
    for (let start = 0; start < bytes.length; start += memory.length) {
      const length = bytes.copy(memory, 0, start);
      await writer.write(memory.subarray(0, length));
      memory.fill(0xdd);
    }
    return await writer.end(told.crc32 ?? crc32(bytes));
  } catch (error) {
    writer.abort();
    throw error;
  }
}

async function collect<T extends DescribedFile | string>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function expectCode(action: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error: unknown = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(codeOf(error)).toBe(code);
}

function codeOf(error: unknown): string {
  return error instanceof SyncError ? error.code : String(error);
}
