import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics as Emf } from '@aws-lambda-powertools/metrics';
import { redact } from '../../lib/redact.ts';
import type { Event, Report } from '../../events.ts';
import type { Execution, FunctionName } from '../contract.ts';
import { metricNamespace } from './metrics.ts';
import type { InvocationLog } from './invocation.ts';
import { metricTable, type Metrics } from './metrics.ts';

/**
 * The log lines and metrics of a function. They go to standard output as JSON with the correlation
 * id.
 */
export interface Telemetry {
  readonly log: InvocationLog;
  readonly metrics: Metrics;
  readonly report: Report;
  /** Writes the metrics that were added since the last flush. */
  readonly flush: () => void;
}

export interface TelemetryOptions {
  readonly functionName: FunctionName;
  readonly execution: Execution;
  readonly stage: string;
  readonly provider: string;
}

export function createTelemetry({ functionName, execution, stage, provider }: TelemetryOptions): Telemetry {
  const logger = new Logger({
    serviceName: functionName,
    persistentKeys: { correlation_id: execution.name, environment: stage },
  });
  const log = redactedLog(logger);
  const emf = new Emf({ namespace: metricNamespace });
  // Removes the dimension that Powertools adds by default. The alarms look for metrics without that
  // dimension.
  emf.clearDefaultDimensions();
  emf.setDefaultDimensions({ Provider: provider, Environment: stage });
  const metrics: Metrics = {
    add: (name, value) => {
      // Powertools begins a new line without metadata after a hundred values, so the correlation id
      // is added again with each metric.
      emf.addMetadata('correlation_id', execution.name);
      emf.addMetric(name, metricTable[name].unit, value);
    },
  };
  return {
    log,
    metrics,
    report: (event) => logEvent(event, log),
    flush: () => {
      if (emf.hasStoredMetrics()) emf.publishStoredMetrics();
    },
  };
}

/** Redacts every message and every field, so that callers do not have to. */
function redactedLog(logger: Logger): InvocationLog {
  const write =
    (level: keyof InvocationLog): InvocationLog[typeof level] =>
    (message, fields = {}) =>
      logger[level](String(redact(message)), redact(fields) as Record<string, unknown>);
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

type EventName = Event['type'];

/** These events are for a person who watches a run. They are not logged. */
const quiet: ReadonlySet<EventName> = new Set(['progress', 'medium.planned']);
const warnings: ReadonlySet<EventName> = new Set([
  'warning',
  'file.retried',
  'file.restarted',
  'host.paused',
  'file.missing',
  'file.damaged',
]);
const errors: ReadonlySet<EventName> = new Set(['file.failed', 'medium.failed', 'file.lost']);

function logEvent(event: Event, log: InvocationLog): void {
  const { type, ...fields } = event;
  if (quiet.has(type)) return;
  const level = errors.has(type) ? 'error' : warnings.has(type) ? 'warn' : 'info';
  log[level](type, { event: fields });
}
