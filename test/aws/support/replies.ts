/** Every possible reply to the state machine: each outcome, an unknown one, and an error. */
import {
  maxSlices,
  messages,
  noError,
  type Execution,
  type ReplyOf,
  type StateError,
  type WorkLine,
} from '../../../src/aws/contract.ts';
import type { Json } from '../../../infra/states/definition.ts';
import type { Step, Turn } from './states-language.ts';

/** The maximum lengths of the texts in replies. */
export interface Lengths {
  readonly executionName: number;
  readonly cause: number;
  /** The length of the cause in a reply about one work line. */
  readonly lineCause: number;
  readonly subject: number;
  readonly message: number;
  /** The size of a work line's ids as JSON. */
  readonly idBytes: number;
  readonly failedIdBytes: number;
}

export const shortLengths: Lengths = {
  executionName: 8,
  cause: 20,
  lineCause: 20,
  subject: 20,
  message: 40,
  idBytes: 30,
  failedIdBytes: 30,
};

export function execution({ executionName }: Lengths, label = ''): Execution {
  const name = 'n'.repeat(executionName);
  const arn = `arn:aws:states:ap-southeast-2:111122223333:execution:gopro-sync-orchestrator${label}:${name}`;
  return { arn, name, started_at: '2026-11-21T03:15:00.000Z' };
}

/** The context object `$$` of an execution. */
export function contextOf({ arn, name, started_at }: Execution): { readonly [name: string]: Json } {
  return { Execution: { Id: arn, Name: name, StartTime: started_at, Input: {} } };
}

export function workLineOf({ idBytes }: Lengths): WorkLine {
  return { line: 4_000, media: idsOf(idBytes) };
}

/** At most 25 ids that take this many bytes, with their quotes and commas. */
function idsOf(bytes: number): readonly string[] {
  const each = Math.max(10, Math.ceil(bytes / 25));
  return Array.from({ length: Math.floor(bytes / each) }, () => 'm'.repeat(each - 3));
}

interface Counts {
  readonly media: number;
  readonly workLines: number;
}

/**
 * Returns the results that a state may have. A state gets `go-on` only on its first visit, because
 * otherwise a walk would never end.
 */
export function turnsOf(
  lengths: Lengths,
  { media, workLines }: Counts,
): (state: string, request: Json, before: readonly Step[]) => readonly Turn[] {
  const error: StateError = { Error: 'DESTINATION_UNUSABLE', Cause: 'c'.repeat(lengths.cause) };
  const lineError: StateError = { Error: 'DESTINATION_UNUSABLE', Cause: 'c'.repeat(lengths.lineCause) };
  const errorOf = (outcome: string) => (outcome === 'failed' || outcome === 'credentials-expired' ? error : noError);
  const holder = execution({ ...lengths, executionName: 80 }).arn;
  const begin = messages.BeginRun.reply.shape.outcome.options.map((outcome): ReplyOf<'BeginRun'> => ({
    outcome,
    provider: 'gopro',
    trigger: 'schedule',
    full_listing: false,
    deadline: '2026-11-21T14:45:00.000Z',
    holder,
    error: errorOf(outcome),
  }));
  const validate = messages.ValidateTokens.reply.shape.outcome.options.map((outcome): ReplyOf<'ValidateTokens'> => ({
    outcome,
    statusCode: outcome === 'valid' ? 200 : 401,
    valid: outcome === 'valid',
    cookie_age_days: outcome === 'valid' ? 3 : null,
    validation_method: 'api_probe',
    duration_seconds: 0.123,
    error: errorOf(outcome),
  }));
  const list = messages.ListMedia.reply.shape.outcome.options.flatMap((outcome) =>
    (outcome === 'done' ? [workLines, 0] : [0]).map((lines): ReplyOf<'ListMedia'> => ({
      outcome,
      slices: 1,
      total_found: media,
      new_count: lines > 0 ? media : 0,
      already_synced: 1_234_567,
      work_lines: lines,
      manifest_key: outcome === 'done' ? `runs/${execution(lengths).name}/manifest.jsonl` : '',
      error: errorOf(outcome),
    })),
  );
  const transfer = messages.DownloadVideo.reply.shape.outcome.options.flatMap((outcome) =>
    (outcome === 'go-on' ? [1, maxSlices] : [1]).map((count): ReplyOf<'DownloadVideo'> => ({
      outcome,
      count,
      idle: 1,
      archived_files: 25,
      archived_bytes: 123_456_789_012,
      error: outcome === 'failed' || outcome === 'quarantined' ? lineError : noError,
    })),
  );
  const mark = messages.MarkVideoFailed.reply.shape.outcome.options.map((outcome): ReplyOf<'MarkVideoFailed'> => ({
    outcome,
    media: idsOf(lengths.failedIdBytes),
    quarantined: 25,
    error: lineError,
  }));
  const summarise = messages.GenerateSummary.reply.shape.outcome.options.map((outcome): ReplyOf<'GenerateSummary'> => {
    const isTold = outcome === 'notice' || outcome === 'partial';
    const subject = isTold ? 's'.repeat(lengths.subject) : '';
    const message = isTold ? 't'.repeat(lengths.message) : '';
    return { outcome, subject, message, archived_files: 1_234_567, failed_files: 1_234_567, error: errorOf(outcome) };
  });
  const end = [true, false].map((notify): ReplyOf<'EndRun'> => ({
    notify,
    error: { Error: 's'.repeat(lengths.subject), Cause: 't'.repeat(lengths.message) },
  }));
  const sent = [{ name: 'sent', result: { MessageId: 'b0b5a9a4-0b0e-4a6c-9a55-2f1b5a4f3c11' } }];
  const replies: Readonly<Record<string, readonly Turn[]>> = {
    BeginRun: turnsFrom(begin),
    ValidateTokens: turnsFrom(validate),
    ListMedia: turnsFrom(list),
    // This result holds the outputs of all children. The machine must not pass it on to a later
    // state.
    DownloadVideos: [{ name: 'ended', result: Array.from({ length: 1_000 }, () => ({ complete: true })) }],
    GenerateSummary: turnsFrom(summarise),
    NotifyNotice: sent,
    NotifyPartialFailure: sent,
    NotifyCriticalFailure: sent,
    EndRun: end.map((reply) => ({ name: reply.notify ? 'notify' : 'silent', result: asJson(reply) })),
    DownloadVideo: turnsFrom(transfer),
    MarkVideoFailed: turnsFrom(mark),
    SendToPoisonQueue: sent,
  };
  return (state, _request, before) => {
    const turns = replies[state];
    if (!turns) throw new Error(`no replies are declared for ${state}`);
    const isSecond = before.some((step) => step.state === state);
    // This error has no cause, because a caught error may lack a cause.
    const all: readonly Turn[] = [...turns, { name: 'error', error: { Error: 'States.Timeout' } }];
    return isSecond ? all.filter(({ name }) => name !== 'go-on') : all;
  };
}

/** Returns each reply as a result of a state, and adds a result with an unknown outcome. */
function turnsFrom(replies: readonly { readonly outcome: string }[]): readonly Turn[] {
  const unknown = { ...replies[0], outcome: 'of another version' };
  return [...replies, unknown].map((reply) => ({ name: reply.outcome, result: asJson(reply) }));
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
