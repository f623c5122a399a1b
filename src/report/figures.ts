import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** Formats numbers for people. */

export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: 1 });
}

export function formatDuration(forMs: number): string {
  return prettyMilliseconds(forMs, { secondsDecimalDigits: forMs < 10_000 ? 1 : 0, unitCount: 2 });
}

/** Makes a text such as `1 file` or `2 files`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}
