import { z } from 'zod';
import { asSyncError, SyncError } from '../../errors.ts';
import { redactText } from '../../lib/redact.ts';
import type { Deployment } from '../commands.ts';
import type { Execution, FunctionName, StateError } from '../contract.ts';
import { stateErrorOf } from '../state-error.ts';
import { environmentNames, readEnvironment } from './environment.ts';
import type { Invocation } from './invocation.ts';
import { openInvocation } from './open-invocation.ts';
import { createTelemetry } from './telemetry.ts';

/** The part of Lambda's context that this module needs. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type Handler<Reply> = (event: unknown, context: LambdaContext) => Promise<Reply>;

interface Work<Request, Reply> {
  readonly name: FunctionName;
  readonly request: z.ZodType<Request>;
  readonly run: (request: Request, invocation: Invocation) => Promise<Reply>;
  /** Makes the reply if the work threw an error other than a BUG. */
  readonly failed: (error: StateError, request: Request) => Reply;
}

/**
 * Creates a Lambda handler. It checks the request, opens an invocation, does the work and writes
 * the metrics. A BUG is thrown, and the state machine sees its name. Any other error becomes a
 * reply.
 */
export function handle<Request extends { readonly execution: Execution }, Reply>(work: Work<Request, Reply>): Handler<Reply> {
  return async (event, context) => {
    const request = parse(work, event);
    const { execution } = request;
    const stage = process.env[environmentNames.stage] ?? 'unknown';
    const telemetry = createTelemetry({ functionName: work.name, execution, stage, provider: 'gopro' });
    let deployment: Deployment | undefined;
    try {
      const environment = readEnvironment(process.env);
      deployment = environment;
      const remainingMs = () => context.getRemainingTimeInMillis();
      await using invocation = openInvocation(environment, { execution, telemetry, remainingMs });
      const reply = await work.run(request, invocation);
      telemetry.log.info('reply', { reply });
      return reply;
    } catch (thrown) {
      const error = asSyncError(thrown);
      telemetry.log.error(error.message, { code: error.code, hint: error.hint, stack: stackOf(error) });
      if (error.code === 'BUG') throw named(error);
      return work.failed(stateErrorOf(error, deployment), request);
    } finally {
      telemetry.flush();
    }
  };
}

function parse<Request, Reply>({ name, request }: Work<Request, Reply>, event: unknown): Request {
  const parsed = request.safeParse(event);
  if (parsed.success) return parsed.data;
  throw named(new SyncError('BUG', `${name} was called with an invalid request: ${z.prettifyError(parsed.error)}`));
}

/**
 * Returns the stack of the cause of a BUG. Any other error needs no stack, because its code
 * explains it.
 */
function stackOf({ code, cause }: SyncError): string | undefined {
  return code === 'BUG' && cause instanceof Error ? cause.stack : undefined;
}

/**
 * Returns the error to throw. The name of the error contains the code, because Lambda reports and
 * logs the name and the message.
 */
function named(error: SyncError): Error {
  return Object.assign(new Error(redactText(error.message)), { name: `CloudSync.${error.code}` });
}
