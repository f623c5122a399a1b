/**
 * Moments as a camera or the provider wrote them. GoPro's `captured_at` is the camera's clock with
 * a `Z` that does not mean UTC, so its digits are taken literally and never moved to another time
 * zone.
 */

import type { Medium } from '../media.ts';

const isoLike = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?.*)?$/s;

/** No moment is older than photography: an unset time is the year 0 or 1 in some languages. */
const earliest = '1800';

/** `YYYY-MM-DDTHH:MM:SS.mmm`: sorts as text in the order of time. */
export type Moment = string;

/** Whether the digits name a real day and time of day. */
export function isRealMoment(moment: Moment): boolean {
  const timeMs = momentMs(moment);
  return Number.isFinite(timeMs) && new Date(timeMs).toISOString() === `${moment}Z`;
}

/** The moment's digits as if they were UTC, in ms; only good for ordering. */
export function momentMs(moment: Moment): number {
  return Date.parse(`${moment}Z`);
}

/** The moment of an ISO-like text; an odd time counts as midnight, an odd date is undefined. */
function readMoment(text: string | null): Moment | undefined {
  const [, date = '', time = ''] = isoLike.exec(text?.trim() ?? '') ?? [];
  const midnight = '00:00:00.000';
  if (date < earliest) return undefined;
  return [`${date}T${time}${midnight.slice(time.length)}`, `${date}T${midnight}`].find(isRealMoment);
}

/** When a medium was captured, else created in the cloud, else undefined. Never the present. */
export function momentOf(medium: Pick<Medium, 'capturedAt' | 'createdAt'>): Moment | undefined {
  return readMoment(medium.capturedAt) ?? readMoment(medium.createdAt);
}
