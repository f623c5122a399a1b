import { redactText } from './redact.ts';

/** Messages for a person, on standard error: standard output belongs to the command's result. */
export interface Log {
  readonly info: (message: string) => void;
  readonly warn: (message: string, hint?: string) => void;
  readonly error: (message: string, hint?: string) => void;
}

/** Every line is freed of secrets and of control characters. `quiet` leaves only errors. */
export function createLog(write: (text: string) => void, options: { readonly quiet: boolean } = { quiet: false }): Log {
  const line = (prefix: string, message: string, hint: string | undefined) => {
    const indent = ' '.repeat(prefix.length);
    const hintLine = hint === undefined ? '' : `${indent}${clean(hint)}\n`;
    write(`${prefix}${clean(message)}\n${hintLine}`);
  };
  return {
    info: (message) => void (options.quiet || line('', message, undefined)),
    warn: (message, hint) => void (options.quiet || line('warning: ', message, hint)),
    error: (message, hint) => line('error: ', message, hint),
  };
}

/** A text as it may be shown: no secrets, and nothing that a terminal would obey. */
export function clean(text: string): string {
  return printable(redactText(text));
}

/**
 * A value as one line of JSON. JSON itself leaves some characters raw that a terminal would obey;
 * they occur only within its texts, where their escapes mean the same.
 */
export function jsonLine(value: unknown, replacer?: (field: string, value: unknown) => unknown): string {
  return `${printable(JSON.stringify(value, replacer))}\n`;
}

/** Control characters, and those that turn the direction of writing, as visible escapes. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- finding control characters is the point
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
