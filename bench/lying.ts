/** Shows how each tool reacts to a source that lies. Each tool runs once, with a time limit. */
import { openScene, type Bench } from './bench.ts';
import { differences, type Differences } from './check.ts';
import { startMeasured } from './measure.ts';
import type { Files, LieKind } from './servers.ts';
import type { Tool } from './tools/tool.ts';

export interface Lie {
  readonly kind: LieKind;
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
const limits = { maxSilenceSeconds, limitSeconds: 25 };

export const lies: readonly Lie[] = [
  { kind: 'html', title: 'a web page with status 200 instead of the file', ...limits },
  { kind: 'short', title: 'a body that is a quarter shorter than HEAD said, with matching headers', ...limits },
  { kind: 'cut', title: 'a connection that is cut in the middle of the body, once', ...limits },
  {
    kind: 'silent',
    title: `a connection that is silent from the middle of the body, once; tools wait at most ${maxSilenceSeconds} s`,
    ...limits,
  },
  { kind: 'byte', title: 'one changed byte', ...limits },
];

/** The lie `silent`, with the default timeout of each tool. Cloud Sync's default is 30 s. */
export const silenceWithDefaults: Lie = {
  kind: 'silent',
  title: 'a connection that is silent from the middle of the body, once; each tool waits as long as its default',
  maxSilenceSeconds: undefined,
  limitSeconds: 40,
};

/** Cloud Sync fetches each file in more than one part. The source lies about the second file. */
const files: Files = { count: 3, sizeBytes: 24_000_000, extension: 'mp4' };

/** Runs the tool with the lying source. Returns undefined if the tool cannot do such a job. */
export async function observeReaction(bench: Bench, tool: Tool, lie: Lie): Promise<Reaction | undefined> {
  const { kind, limitSeconds, maxSilenceSeconds: silence } = lie;
  const limit = silence === undefined ? {} : { maxSilenceSeconds: silence };
  await using scene = await openScene(bench, { files, place: 'ramDisk', tls: true, connections: 5, lie: kind, ...limit });
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
