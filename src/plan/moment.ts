/**
 * Times as a camera or the provider wrote them. GoPro's `captured_at` is the time of the camera's
 * clock, with a `Z` that does not mean UTC. So the digits are read literally and never converted to
 * another time zone.
 */

import type { Medium } from '../media.ts';

const isoLike = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?.*)?$/s;

/** No photo was taken before this year. Some devices write an unset time as the year 0 or 1. */
const earliest = '1800';

/** `YYYY-MM-DDTHH:MM:SS.mmm`. The alphabetical order of moments is their order in time. */
export type Moment = string;

/** Whether the digits name a real day and a real time of day. */
export function isRealMoment(moment: Moment): boolean {
  const timeMs = momentMs(moment);
  return Number.isFinite(timeMs) && new Date(timeMs).toISOString() === `${moment}Z`;
}

/**
 * The moment in ms, read as if it were UTC. The result is not a real time. It only orders moments.
 */
export function momentMs(moment: Moment): number {
  return Date.parse(`${moment}Z`);
}

/**
 * Reads the moment of an ISO-like text. An invalid time becomes midnight. Undefined if the date is
 * invalid.
 */
function readMoment(text: string | null): Moment | undefined {
  const [, date = '', time = ''] = isoLike.exec(text?.trim() ?? '') ?? [];
  const midnight = '00:00:00.000';
  if (date < earliest) return undefined;
  return [`${date}T${time}${midnight.slice(time.length)}`, `${date}T${midnight}`].find(isRealMoment);
}

/**
 * Returns when a medium was captured or, if that is unknown, when it arrived in the cloud. Returns
 * undefined if both times are unknown.
 */
export function momentOf(medium: Pick<Medium, 'capturedAt' | 'createdAt'>): Moment | undefined {
  return readMoment(medium.capturedAt) ?? readMoment(medium.createdAt);
}
