import { z } from 'zod';
import { asSyncError, SyncError } from '../../errors.ts';
import { redactText } from '../../lib/redact.ts';
import { environmentNames, type Execution, type FunctionName } from '../contract.ts';
import { readEnvironment } from './environment.ts';
import type { Invocation } from './invocation.ts';
import { openInvocation } from './open-invocation.ts';
import { createTelemetry } from './telemetry.ts';

/** What a handler needs of Lambda's context. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type Handler<Reply> = (event: unknown, context: LambdaContext) => Promise<Reply>;

/** Of every request. */
export const executionSchema = z.object({ arn: z.string(), name: z.string(), started_at: z.string() });

interface Work<Request, Reply> {
  readonly name: FunctionName;
  /** What the state machine sends. */
  readonly request: z.ZodType<Request>;
  readonly run: (request: Request, invocation: Invocation) => Promise<Reply>;
  /** The reply that says so, when the work ends with an error that has a name. */
  readonly failed: (error: SyncError, request: Request) => Reply;
}

/**
 * A Lambda handler: checks the request, opens an invocation, does the work, writes the metrics. An error with a name becomes a reply; a fault of
 * ours is thrown, and its name is what the state machine sees.
 */
export function handle<Request extends { readonly execution: Execution }, Reply>(work: Work<Request, Reply>): Handler<Reply> {
  return async (event, context) => {
    const request = parse(work, event);
    const { execution } = request;
    const stage = process.env[environmentNames.stage] ?? 'unknown';
    const telemetry = createTelemetry({ functionName: work.name, execution, stage, provider: 'gopro' });
    try {
      const remainingMs = () => context.getRemainingTimeInMillis();
      await using invocation = openInvocation(readEnvironment(process.env), { execution, telemetry, remainingMs });
      const reply = await work.run(request, invocation);
      telemetry.log.info('reply', { reply });
      return reply;
    } catch (thrown) {
      const error = asSyncError(thrown);
      telemetry.log.error(error.message, { code: error.code, hint: error.hint, stack: stackOf(error) });
      if (error.code === 'BUG') throw named(error);
      return work.failed(error, request);
    } finally {
      telemetry.flush();
    }
  };
}

function parse<Request, Reply>({ name, request }: Work<Request, Reply>, event: unknown): Request {
  const parsed = request.safeParse(event);
  if (parsed.success) return parsed.data;
  throw named(new SyncError('BUG', `${name} was called with what it does not understand: ${z.prettifyError(parsed.error)}`));
}

/** Where it comes from: of a fault the original stack, of anything else none. */
function stackOf({ code, cause }: SyncError): string | undefined {
  return code === 'BUG' && cause instanceof Error ? cause.stack : undefined;
}

/** Lambda reports and logs name and message of what is thrown. */
function named(error: SyncError): Error {
  return Object.assign(new Error(redactText(error.message)), { name: `CloudSync.${error.code}` });
}
