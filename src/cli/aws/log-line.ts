import { isoTime } from '../../lib/clock.ts';
import { clean } from '../../lib/log.ts';
import { redact } from '../../lib/redact.ts';
import type { LoggedEvent } from './logs.ts';

/** A parsed log line of a function, without secrets. No I/O. */
export interface LogLine {
  readonly time: string;
  readonly level: LogLevel;
  /** The name of the function in the AWS account. */
  readonly function: string;
  readonly message: string;
  /** All other fields of the log line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The levels, from the least urgent to the most urgent. */
const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

const levelNames: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
};

/** Every log line of a function has these fields. They are left out, because nobody needs them. */
const ignoredFields = /^(timestamp|service|correlation_id|environment|sampling_rate|cold_start|function_.*|xray_trace_id)$/;

/**
 * Parses a log line. Returns undefined for a line of metrics. A line that is not JSON comes from
 * the platform and gets the level `info`.
 */
export function readLogLine({ atMs, logGroup, message: text }: LoggedEvent): LogLine | undefined {
  const record = parsed(text);
  if ('_aws' in record) return undefined;
  // The functions log each event of a run as an object in the field `event`.
  const { level, message, event, ...rest } = redact(record) as Readonly<Record<string, unknown>>;
  const ofEvent = isObject(event) ? event : event === undefined ? {} : { event };
  return {
    time: isoTime(atMs),
    level: levelNames[String(level).toLowerCase()] ?? 'info',
    function: logGroup.slice(logGroup.lastIndexOf('/') + 1),
    message: typeof message === 'string' ? message : JSON.stringify(message ?? ''),
    fields: { ...Object.fromEntries(Object.entries(rest).filter(([name]) => !ignoredFields.test(name))), ...ofEvent },
  };
}

export function isAtLeast(line: LogLine, level: LogLevel): boolean {
  return logLevels.indexOf(line.level) >= logLevels.indexOf(level);
}

export function textOfLine({ time, level, function: name, message, fields }: LogLine): string {
  const more = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${clean(`${time} ${level.toUpperCase().padEnd(5)} ${name}: ${message}${more.join('')}`)}\n`;
}

function parsed(text: string): object {
  try {
    const value = JSON.parse(text) as unknown;
    if (isObject(value)) return value;
  } catch {
    // The line is not JSON, so our functions did not write it.
  }
  return { message: text.trimEnd() };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
