/**
 * Archives a simulated library that has every known shape of a medium, and counts the originals.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startGoproCloud } from '../src/sim/gopro/index.ts';
import { buildLibrary, expectedOriginals, type SimLibrary } from '../src/sim/gopro/library/library.ts';
import type { Bench } from './bench.ts';
import { storedFiles } from './check.ts';
import { startMeasured } from './measure.ts';
import { benchAccessToken, benchUserId } from './tools/ours.ts';
import type { CloudTool } from './tools/tool.ts';

interface ShapeLibrary {
  readonly title: string;
  readonly build: () => SimLibrary;
}

/** What one tool made of one library. */
export interface LibraryResult {
  readonly library: string;
  readonly tool: string;
  readonly ours: boolean;
  readonly version: string;
  readonly exitCode: number | null;
  /** The number of originals in the library. Media that are not ready have none. */
  readonly originals: number;
  /** The number of originals whose exact bytes are in the folder. */
  readonly right: number;
  /** The number of files in the folder that are no original, such as a smaller rendition. */
  readonly others: number;
}

/** The second library exists because one of the names ends some tools at once. */
const shapeLibraries: readonly ShapeLibrary[] = [
  { title: 'every known shape', build: () => buildLibrary('small') },
  { title: 'the same without a name that is invalid Unicode', build: wellFormedNames },
];

function wellFormedNames(): SimLibrary {
  const library = buildLibrary('small');
  for (const { id, record } of library.media()) if (!record.filename.isWellFormed()) library.trash(id);
  return library;
}

/** Archives each library with Cloud Sync and with the peer that knows GoPro's API. */
export async function archiveLibraries(bench: Bench): Promise<LibraryResult[]> {
  const peer = bench.peers?.goproMediaDownloader;
  const tools = peer ? [bench.ours, peer] : [bench.ours];
  const results: LibraryResult[] = [];
  for (const library of shapeLibraries) {
    for (const tool of tools) {
      const result = await archiveLibrary(bench, tool, library);
      bench.log(`  ${tool.name}: ${result.library}: ${result.right} of ${result.originals}, exit code ${result.exitCode}`);
      results.push(result);
    }
  }
  return results;
}

async function archiveLibrary(bench: Bench, tool: CloudTool, { title, build }: ShapeLibrary): Promise<LibraryResult> {
  await using cloud = await startGoproCloud({ library: build(), accessToken: benchAccessToken, userId: benchUserId });
  const path = await mkdtemp(`${bench.folders.ramDisk}-`);
  const scratch = await mkdtemp(join(bench.scratch, 'tool-'));
  try {
    const job = {
      source: { url: cloud.apiUrl },
      to: { kind: 'directory', path },
      connections: 5,
      scratch,
      certPath: undefined,
    } as const;
    const command = tool.command(job);
    if (!command) throw new Error(`${tool.name} cannot archive to a directory`);
    const { exitCode } = await startMeasured(command).ended;
    const { name, version } = tool;
    return {
      library: title,
      tool: name,
      ours: tool === bench.ours,
      version,
      exitCode,
      ...(await countFiles(cloud.library, path)),
    };
  } finally {
    await rm(path, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Two originals may have the same content, so each stored file stands for one original. */
async function countFiles(library: SimLibrary, path: string): Promise<Pick<LibraryResult, 'originals' | 'right' | 'others'>> {
  const wanted = await Promise.all(expectedOriginals(library).map(async (original) => original.sha256()));
  const originals = wanted.length;
  let others = 0;
  for await (const { name } of storedFiles({ kind: 'directory', path })) {
    const sha256 = createHash('sha256')
      .update(await readFile(name))
      .digest('hex');
    const found = wanted.indexOf(sha256);
    if (found < 0) others += 1;
    else wanted.splice(found, 1);
  }
  return { originals, right: originals - wanted.length, others };
}
