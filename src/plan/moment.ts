/**
 * Moments as a camera or the provider wrote them. GoPro's `captured_at` is the camera's clock with
 * a `Z` that does not mean UTC. So the digits are read literally and never converted to another
 * time zone.
 */

import type { Medium } from '../media.ts';

const isoLike = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?.*)?$/s;

/** No photo is older than photography. Some languages write an unset time as the year 0 or 1. */
const earliest = '1800';

/** `YYYY-MM-DDTHH:MM:SS.mmm`: its order as text is the order in time. */
export type Moment = string;

/** Whether the digits name a real day and a real time of day. */
export function isRealMoment(moment: Moment): boolean {
  const timeMs = momentMs(moment);
  return Number.isFinite(timeMs) && new Date(timeMs).toISOString() === `${moment}Z`;
}

/** The moment's digits as if they were UTC, in ms. It is good for ordering only. */
export function momentMs(moment: Moment): number {
  return Date.parse(`${moment}Z`);
}

/**
 * The moment of an ISO-like text. An invalid time becomes midnight; undefined for an invalid date.
 */
function readMoment(text: string | null): Moment | undefined {
  const [, date = '', time = ''] = isoLike.exec(text?.trim() ?? '') ?? [];
  const midnight = '00:00:00.000';
  if (date < earliest) return undefined;
  return [`${date}T${time}${midnight.slice(time.length)}`, `${date}T${midnight}`].find(isRealMoment);
}

/**
 * When a medium was captured, otherwise when it arrived in the cloud, otherwise undefined. Never
 * the present time.
 */
export function momentOf(medium: Pick<Medium, 'capturedAt' | 'createdAt'>): Moment | undefined {
  return readMoment(medium.capturedAt) ?? readMoment(medium.createdAt);
}
