import { constants } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { crc32Hex } from '../../../lib/crc32.ts';
import { decodeDescription, encodeDescription, encodeEvidence } from '../../description.ts';
import type { Evidence } from '../../../media.ts';
import type { DescribedFile, FileDescription, Keys, StoredFile } from '../../destination.ts';
import { ignoring } from '../files.ts';
import { openOwnFile } from '../own-files.ts';
import { Journal } from './journal.ts';
import { isKey } from '../tree.ts';
import { parseJson } from '../../../lib/json.ts';

/** One line of `manifest.jsonl`: first the published file, then the fields of its description. */
const lineSchema = z.object({
  key: z.string().refine(isKey),
  size: z.number().int().nonnegative(),
  crc32: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .transform((hex) => Number.parseInt(hex, 16)),
});

export interface ManifestEntry {
  readonly file: FileDescription;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly sha256: string | null;
  /** In ISO 8601. */
  readonly archivedAt: string;
}

/** The archive's record of its own files. A later line for a key replaces an earlier one. */
export interface Manifest {
  /** Adds a line for a file. Resolves when the line is durable. */
  append(entry: ManifestEntry): Promise<void>;
  /**
   * Returns the latest readable line for a key. The first call reads the whole manifest; later
   * calls read one line.
   */
  find(key: string): Promise<DescribedFile | undefined>;
  /** Repeats the latest readable line of a key with other evidence, unless it is no news. */
  describe(key: string, evidence: Evidence): Promise<void>;
  /**
   * Yields the latest readable line of every key that is not in `except`, in batches and in the
   * order of the manifest. Earlier lines that stand in for damaged ones come last. One read gives
   * one batch.
   */
  entries(except?: Keys): AsyncIterable<readonly DescribedFile[]>;
  close(): Promise<void>;
}

export function createManifest(path: string): Manifest {
  const journal = new Journal(path, 'end');
  let index: Promise<Map<string, number>> | undefined;
  const append = async (key: string, line: object): Promise<void> => {
    const offset = await journal.append(JSON.stringify(line));
    if (index) (await index).set(key, offset);
  };
  const findText = async (key: string): Promise<string | undefined> => {
    index ??= latestLines(path);
    const offsets = await index.catch((error: unknown) => {
      index = undefined;
      throw error;
    });
    const at = offsets.get(key);
    if (at === undefined) return undefined;
    const text = await textAt(path, at);
    return text !== undefined && parseLine(text) ? text : textAt(path, (await latestLines(path, new Set([key]))).get(key));
  };
  return {
    append: async ({ file, sizeBytes, crc32, sha256, archivedAt }) => {
      const { key } = file.original;
      const hash = sha256 === null ? {} : { sha256 };
      const line = {
        key,
        size: sizeBytes,
        crc32: crc32Hex(crc32),
        ...hash,
        'archived-at': archivedAt,
        ...encodeDescription(file),
      };
      await append(key, line);
    },
    find: async (key) => {
      const text = await findText(key);
      return text === undefined ? undefined : parseLine(text);
    },
    describe: async (key, evidence) => {
      const text = await findText(key);
      const { description } = (text !== undefined && parseLine(text)) || {};
      const fields = encodeEvidence(evidence);
      if (!description || isDeepStrictEqual(encodeEvidence(description.evidence), fields)) return;
      const { claim: _claim, proof: _proof, 'claim-part-bytes': _bytes, ...others } = parseJson(text!) as Record<string, unknown>;
      await append(key, { ...others, ...fields });
    },
    entries: async function* (except) {
      const wanted = [...(await latestLines(path))].filter(([key]) => !except?.has(key));
      const keysAt = new Map(wanted.map(([key, offset]) => [offset, key]));
      const damaged = new Set<string>();
      yield* parseAll(path, new Set(keysAt.keys()), (offset) => damaged.add(keysAt.get(offset)!));
      if (damaged.size > 0) yield* parseAll(path, new Set((await latestLines(path, damaged)).values()));
    },
    close: async () => journal.close(),
  };
}

/**
 * Returns the offset of the latest line of each key, even if the rest of that line is damaged. With
 * `damaged`, returns the latest readable line, and only for those keys. The map holds only offsets,
 * because there may be 100,000 files.
 */
async function latestLines(path: string, damaged?: ReadonlySet<string>): Promise<Map<string, number>> {
  const latest = new Map<string, number>();
  for await (const lines of linesFrom(path, 0)) {
    for (const { text, offset } of lines) {
      const key = keyOf(text);
      if (key === undefined || (damaged && !(damaged.has(key) && parseLine(text)))) continue;
      latest.set(key, offset);
    }
  }
  return latest;
}

async function textAt(path: string, offset: number | undefined): Promise<string | undefined> {
  if (offset === undefined) return undefined;
  for await (const [line] of linesFrom(path, offset)) if (line) return line.text;
  return undefined;
}

/** Yields the files in the lines at `offsets`, one batch for each read. */
async function* parseAll(
  path: string,
  offsets: ReadonlySet<number>,
  onDamaged: (offset: number) => void = () => {},
): AsyncIterable<readonly DescribedFile[]> {
  if (offsets.size === 0) return;
  for await (const lines of linesFrom(path, 0)) {
    yield lines.flatMap(({ text, offset }) => {
      if (!offsets.has(offset)) return [];
      const file = parseLine(text);
      if (!file) onDamaged(offset);
      return file ?? [];
    });
  }
}

/**
 * Returns the key in a line, or undefined if a crash cut the line off. A line that we wrote begins
 * with the key; any other line is parsed whole.
 */
function keyOf(text: string): string | undefined {
  const ours = text.endsWith('}') ? /^\{"key":("(?:[^"\\]|\\.)*"),/.exec(text)?.[1] : undefined;
  // Parsing copies the key. A slice of the line would keep the whole line in memory.
  const key = ours === undefined ? (parseJson(text) as { key?: unknown } | null | undefined)?.key : parseJson(ours);
  return typeof key === 'string' ? key : undefined;
}

/** Returns the file in one line of the manifest, without a description if that is unreadable. */
function parseLine(text: string): DescribedFile | undefined {
  const fields = parseJson(text);
  const line = lineSchema.safeParse(fields);
  if (!line.success) return undefined;
  const { key, size, crc32 } = line.data;
  const stored: StoredFile = { key, sizeBytes: size, crc32 };
  return { ...stored, description: decodeDescription(fields, key) };
}

const readBytes = 256 * 1024;

interface Line {
  readonly text: string;
  readonly offset: number;
}

/**
 * Yields the lines from an offset on, in batches, each line with its own offset. One read gives one
 * batch. A missing file has no lines.
 */
async function* linesFrom(path: string, from: number): AsyncIterable<readonly Line[]> {
  const file = await openOwnFile(path, constants.O_RDONLY).catch(ignoring('ENOENT'));
  if (!file) return;
  try {
    // All reads share one buffer, because new buffers would use up memory faster than old buffers
    // are freed. The beginning of an incomplete line moves to the front of the buffer.
    let buffer = Buffer.allocUnsafe(readBytes);
    let carriedBytes = 0;
    for (let position = from; ;) {
      if (carriedBytes === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await file.read(buffer, carriedBytes, buffer.length - carriedBytes, position);
      const { lines, rest } = splitLines(buffer.subarray(0, carriedBytes + bytesRead), position - carriedBytes);
      position += bytesRead;
      if (bytesRead === 0 && rest.length > 0) lines.push({ text: rest.toString('utf8'), offset: position - rest.length });
      carriedBytes = rest.length;
      buffer.set(rest);
      yield lines;
      if (bytesRead === 0) return;
    }
  } finally {
    await file.close();
  }
}

function splitLines(bytes: Buffer, baseOffset: number) {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    lines.push({ text: bytes.toString('utf8', start, end), offset: baseOffset + start });
    start = end + 1;
  }
  return { lines, rest: bytes.subarray(start) };
}
