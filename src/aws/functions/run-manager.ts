import { z } from 'zod';
import type { BeginReply, EndReply, MarkReply, RunManagerRequest, SummariseReply } from '../contract.ts';
import { failureOfError } from '../failure.ts';
import { executionSchema, handle } from '../platform/handle.ts';
import type { Invocation } from '../platform/invocation.ts';
import { begin } from './run-manager/begin.ts';
import { end } from './run-manager/end.ts';
import { markFailed } from './run-manager/record-worker-failure.ts';
import { summarise } from './run-manager/summarise.ts';

type Reply = BeginReply | MarkReply | SummariseReply | EndReply;

const provider = z.literal('gopro');
const execution = executionSchema;
/** Not every Catch has a Cause. */
const error = z.object({ Error: z.string().default(''), Cause: z.string().default('') });

/** The fields of a reply beside the error that kept a request from its work. */
const unanswered = {
  begin: { outcome: 'failed', provider: '', trigger: '', full_listing: false, deadline: '', holder: '' },
  'mark-failed': { outcome: 'failed', media: [], quarantined: 0 },
  summarise: { outcome: 'failed', subject: '', message: '', archived_files: 0, failed_files: 0 },
  end: { notify: true },
} as const satisfies Readonly<Record<RunManagerRequest['action'], Partial<Reply>>>;

const requestSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('begin'), input: z.unknown(), execution }),
  z.object({
    action: z.literal('mark-failed'),
    provider,
    line: z.object({ line: z.int(), media: z.array(z.string()) }),
    owner: z.string(),
    execution,
    error,
  }),
  z.object({
    action: z.literal('summarise'),
    provider,
    execution,
    total_found: z.int(),
    new_count: z.int(),
    already_synced: z.int(),
    cookie_age_days: z.number().nullable(),
  }),
  z.object({ action: z.literal('end'), input: z.unknown(), execution, error }),
]);
type Request = z.infer<typeof requestSchema>;

/** Lambda: begins, marks, counts and ends runs. */
export const handler = handle<Request, Reply>({
  name: 'run-manager',
  request: requestSchema,
  run: manageRun,
  failed: (thrown, { action }) => ({ ...unanswered[action], error: failureOfError(thrown) }),
});

async function manageRun(request: Request, invocation: Invocation): Promise<Reply> {
  if (request.action === 'begin') return begin(request, invocation);
  if (request.action === 'mark-failed') return markFailed(request, invocation);
  if (request.action === 'summarise') return summarise(request, invocation);
  return end(request, invocation);
}
