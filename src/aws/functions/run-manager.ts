import { z } from 'zod';
import { messages, type AskingState, type ReplyOf } from '../contract.ts';
import { handle } from '../platform/handle.ts';
import type { Invocation } from '../platform/invocation.ts';
import { begin } from './run-manager/begin.ts';
import { end } from './run-manager/end.ts';
import { recordWorkerFailure } from './run-manager/record-worker-failure.ts';
import { summarise } from './run-manager/summarise.ts';

const { BeginRun, MarkVideoFailed, GenerateSummary, EndRun } = messages;
const requestSchema = z.discriminatedUnion('action', [
  BeginRun.request,
  MarkVideoFailed.request,
  GenerateSummary.request,
  EndRun.request,
]);
type Request = z.infer<typeof requestSchema>;

const states = {
  begin: 'BeginRun',
  'mark-failed': 'MarkVideoFailed',
  summarise: 'GenerateSummary',
  end: 'EndRun',
} as const satisfies Readonly<Record<Request['action'], AskingState>>;
type Reply = ReplyOf<(typeof states)[Request['action']]>;

/** The Lambda handler. It begins and ends runs, records failed workers and counts the results. */
export const handler = handle<Request, Reply>({
  name: 'run-manager',
  request: requestSchema,
  run: manageRun,
  failed: (error, { action }) => messages[states[action]].reply.parse({ outcome: 'failed', error }),
});

async function manageRun(request: Request, invocation: Invocation): Promise<Reply> {
  if (request.action === 'begin') return begin(request, invocation);
  if (request.action === 'mark-failed') return recordWorkerFailure(request, invocation);
  if (request.action === 'summarise') return summarise(request, invocation);
  return end(request, invocation);
}
