/** Shows how each tool reacts to a source that lies. Each tool runs once, with a time limit. */
import { openScene, type Bench } from './bench.ts';
import { differences, type Differences } from './check.ts';
import { startMeasured } from './measure.ts';
import type { Files, LieKind } from './servers.ts';
import type { Tool } from './tools/tool.ts';

export interface Lie {
  readonly kind: LieKind;
  /** The size of the parts in which the files were uploaded, which decides their ETags. */
  readonly uploadPartBytes: number;
  readonly title: string;
  /** How long a tool waits for a silent source. If undefined, each tool uses its own default. */
  readonly maxSilenceSeconds: number | undefined;
  /** The tool is killed after this time. With an honest source a tool needs less than a second. */
  readonly limitSeconds: number;
}

export type Outcome =
  /** The tool reported success, and every byte is right. */
  | 'survived'
  /** The tool reported a failure. */
  | 'detected'
  | 'detected, but left a damaged file under its name'
  | 'reported success with wrong bytes'
  | `no end within ${number} s`;

/** How one tool reacted to one lie. */
export interface Reaction {
  readonly lie: string;
  readonly tool: string;
  readonly ours: boolean;
  readonly version: string;
  /** The exit code is null if the tool was killed after the time limit. */
  readonly exitCode: number | null;
  readonly outcome: Outcome;
}

const maxSilenceSeconds = 3;
const mebibyte = 2 ** 20;
/** The files of this source have 24 MB, so each is one part of 100 MiB or two parts of 20 MiB. */
const inOnePart = { maxSilenceSeconds, limitSeconds: 25, uploadPartBytes: 100 * mebibyte };
const inTwoParts = { ...inOnePart, uploadPartBytes: 20 * mebibyte };

export const lies: readonly Lie[] = [
  { kind: 'html', title: 'a web page with status 200 instead of the file', ...inOnePart },
  { kind: 'short', title: 'a body that is a quarter shorter than HEAD said, with matching headers', ...inOnePart },
  { kind: 'cut', title: 'a connection that is cut in the middle of the body, once', ...inOnePart },
  {
    kind: 'silent',
    title: `a connection that is silent from the middle of the body, once; tools wait at most ${maxSilenceSeconds} s`,
    ...inOnePart,
  },
  { kind: 'byte', title: 'one changed byte in every body, file uploaded in one part', ...inOnePart },
  { kind: 'byte', title: 'one changed byte in every body, file uploaded in two parts', ...inTwoParts },
  { kind: 'once', title: 'one changed byte, once, file uploaded in one part', ...inOnePart },
  { kind: 'once', title: 'one changed byte, once, file uploaded in two parts', ...inTwoParts },
  { kind: 'border', title: 'one changed byte at the border of the two parts of the upload, once', ...inTwoParts },
  { kind: 'resumed', title: 'a connection that is cut in the middle of the body, then one changed byte, once', ...inOnePart },
];

/** The lie `silent`, with the default timeout of each tool. Cloud Sync's default is 30 s. */
export const silenceWithDefaults: Lie = {
  kind: 'silent',
  title: 'a connection that is silent from the middle of the body, once; each tool waits as long as its default',
  ...inOnePart,
  maxSilenceSeconds: undefined,
  limitSeconds: 40,
};

/** Cloud Sync fetches each file in more than one part. The source lies about the second file. */
const files: Files = { count: 3, sizeBytes: 24_000_000, extension: 'mp4' };

/** Runs all tools with each lying source. Nothing is measured, so they run at the same time. */
export async function observeReactions(bench: Bench, tools: readonly Tool[], all: readonly Lie[]): Promise<Reaction[]> {
  const reactions: Reaction[] = [];
  for (const lie of all) {
    const found = await Promise.all(tools.map(async (tool) => observeReaction(bench, tool, lie)));
    for (const reaction of found) {
      if (!reaction) continue;
      bench.log(`  ${reaction.tool}: ${reaction.lie}: ${reaction.outcome}`);
      reactions.push(reaction);
    }
  }
  return reactions;
}

/** Runs the tool with the lying source. Returns undefined if the tool cannot do such a job. */
export async function observeReaction(bench: Bench, tool: Tool, lie: Lie): Promise<Reaction | undefined> {
  const { kind, limitSeconds, maxSilenceSeconds: silence, uploadPartBytes } = lie;
  const limit = silence === undefined ? {} : { maxSilenceSeconds: silence };
  const upload = { lie: kind, uploadPartBytes: [uploadPartBytes] };
  await using scene = await openScene(bench, { files, place: 'ramDisk', tls: true, connections: 5, ...upload, ...limit });
  const command = tool.command(scene.job);
  if (!command) return undefined;
  const running = startMeasured(command);
  let isKilled = false;
  const timer = setTimeout(() => {
    isKilled = true;
    running.kill();
  }, limitSeconds * 1000);
  const ended = await running.ended.finally(() => clearTimeout(timer));
  const exitCode = isKilled ? null : ended.exitCode;
  const found = await differences(scene.source, scene.job.to);
  const outcome = exitCode === null ? (`no end within ${limitSeconds} s` as const) : outcomeOf(exitCode, found);
  return { lie: lie.title, tool: tool.name, ours: tool === bench.ours, version: tool.version, exitCode, outcome };
}

/** Names the outcome. Surplus files, such as unfinished files of a tool, are ignored. */
export function outcomeOf(exitCode: number, { wrong, missing }: Differences): Outcome {
  if (exitCode !== 0) return wrong.length === 0 ? 'detected' : 'detected, but left a damaged file under its name';
  return wrong.length === 0 && missing.length === 0 ? 'survived' : 'reported success with wrong bytes';
}
