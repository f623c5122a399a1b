import { redactText } from './redact.ts';

/**
 * Messages for a person. They go to standard error, so that standard output has only the result.
 */
export interface Log {
  readonly warn: (message: string, hint?: string) => void;
  readonly error: (message: string, hint?: string) => void;
}

/** Makes a log without secrets and control characters. */
export function createLog(write: (text: string) => void): Log {
  const line = (prefix: string, message: string, hint: string | undefined) => {
    const indent = ' '.repeat(prefix.length);
    const hintLine = hint === undefined ? '' : `${indent}${clean(hint)}\n`;
    write(`${prefix}${clean(message)}\n${hintLine}`);
  };
  return {
    warn: (message, hint) => line('warning: ', message, hint),
    error: (message, hint) => line('error: ', message, hint),
  };
}

/** Makes a text safe to show. It removes secrets and the characters that control a terminal. */
export function clean(text: string): string {
  return printable(redactText(text));
}

/**
 * A value as one line of JSON. JSON leaves some terminal control characters unescaped, but only
 * inside strings. So this function can escape them without a change to the value.
 */
export function jsonLine(value: unknown, replacer?: (field: string, value: unknown) => unknown): string {
  return `${printable(JSON.stringify(value, replacer))}\n`;
}

/** Escapes invisible characters and those that control a terminal or the direction of text. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- finding control characters is the point
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
