/** Sources that lie: what does a tool make of it? Each is run once, with a time limit, and nothing is measured. */
import { openScene, type Bench } from './bench.ts';
import { differences, type Differences } from './check.ts';
import { startMeasured } from './measure.ts';
import type { Files, LieKind } from './servers.ts';
import type { Tool } from './tools/tool.ts';

export interface Lie {
  readonly kind: LieKind;
  readonly title: string;
  /** Undefined: each tool waits in silence as long as it does by default. */
  readonly patienceSeconds: number | undefined;
  /** How long a tool has; the honest source is done with it in less than a second. */
  readonly limitSeconds: number;
}

export type Outcome =
  /** It ended well, and every byte is there. */
  | 'survived'
  /** It said that it failed. */
  | 'detected'
  | 'detected, but left a damaged file under its name'
  | 'reported success with wrong bytes'
  | `no end within ${number} s`;

/** What one tool did about one lie. */
export interface Reaction {
  readonly lie: string;
  readonly tool: string;
  readonly ours: boolean;
  readonly version: string;
  /** null: killed after the time limit. */
  readonly exitCode: number | null;
  readonly outcome: Outcome;
}

const patienceSeconds = 3;
const limits = { patienceSeconds, limitSeconds: 25 };

export const lies: readonly Lie[] = [
  { kind: 'html', title: 'a web page with status 200 instead of the file', ...limits },
  { kind: 'short', title: 'a quarter shorter than HEAD said, and the headers agree', ...limits },
  { kind: 'cut', title: 'cut in the middle of the body, once', ...limits },
  { kind: 'silent', title: `silent in the middle of the body, once; told to wait ${patienceSeconds} s at most`, ...limits },
  { kind: 'byte', title: 'one byte changed', ...limits },
];

/** Cloud Sync waits for 30 s. */
export const silenceByDefault: Lie = {
  kind: 'silent',
  title: 'silent in the middle of the body, once; each tool as patient as it is by default',
  patienceSeconds: undefined,
  limitSeconds: 40,
};

/** More than a part of Cloud Sync's each. The second is the one that is lied about. */
const files: Files = { count: 3, sizeBytes: 24_000_000, extension: 'mp4' };

/** undefined: the tool cannot do such a job. */
export async function reactionTo(bench: Bench, tool: Tool, lie: Lie): Promise<Reaction | undefined> {
  const { kind, limitSeconds, patienceSeconds: patience } = lie;
  const told = patience === undefined ? {} : { patienceSeconds: patience };
  await using scene = await openScene(bench, { files, place: 'ramDisk', tls: true, connections: 5, lie: kind, ...told });
  const command = tool.command(scene.job);
  if (!command) return undefined;
  const running = startMeasured(command);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    running.kill();
  }, limitSeconds * 1000);
  const ended = await running.ended.finally(() => clearTimeout(limit));
  const exitCode = late ? null : ended.exitCode;
  const found = await differences(scene.source, scene.job.to);
  const outcome = exitCode === null ? (`no end within ${limitSeconds} s` as const) : outcomeOf(exitCode, found);
  return { lie: lie.title, tool: tool.name, ours: tool === bench.ours, version: tool.version, exitCode, outcome };
}

/** What a tool keeps beside the files until it is done with them counts neither for nor against it. */
export function outcomeOf(exitCode: number, { wrong, missing }: Differences): Outcome {
  if (exitCode !== 0) return wrong.length === 0 ? 'detected' : 'detected, but left a damaged file under its name';
  return wrong.length === 0 && missing.length === 0 ? 'survived' : 'reported success with wrong bytes';
}
