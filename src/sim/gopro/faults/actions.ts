/** What a fault can do to a reply. */
import { z } from 'zod';
import { byteOfFile } from './byte-of-file.ts';

const count = z.int().min(0);
const positive = z.int().min(1);

/** Faults that can apply to any reply of both hosts. */
const wireActions = [
  /**
   * Resets the connection after `afterBytes` bytes of the body, or before the head if `afterBytes`
   * is absent.
   */
  z.strictObject({ type: z.literal('reset'), afterBytes: count.optional() }),
  /** States the full length, but ends the connection normally after `afterBytes` bytes. */
  z.strictObject({ type: z.literal('endEarly'), afterBytes: count }),
  /**
   * Sends nothing more after `afterBytes` bytes of the body, or nothing at all without
   * `afterBytes`. With `forMs` the silence ends. After a silence before the head the reply follows.
   * After a silence in the body the connection is closed.
   */
  z.strictObject({ type: z.literal('stall'), afterBytes: count.optional(), forMs: positive.optional() }),
  z.strictObject({ type: z.literal('drip'), bytes: positive, everyMs: positive }),
  z.strictObject({ type: z.literal('delay'), ms: positive }),
  z.strictObject({
    type: z.literal('status'),
    status: z.int().min(400).max(599),
    /**
     * The seconds in the header Retry-After. With `retryAfterAs: 'date'` the header has an HTTP
     * date.
     */
    retryAfter: count.optional(),
    retryAfterAs: z.enum(['seconds', 'date']).optional(),
    body: z.string().optional(),
  }),
  /**
   * Status 200 with a page instead of the file or JSON. `disguise: length` gives the page the
   * length of the true body. `disguise: media` also gives it the true status, Content-Range and
   * content type, so that only the body shows the fault.
   */
  z.strictObject({ type: z.literal('page'), kind: z.enum(['html', 'json']), disguise: z.enum(['length', 'media']).optional() }),
  /** Status 302 to the same URL under the name `localhost`, where the request succeeds. */
  z.strictObject({ type: z.literal('redirect') }),
  /** Status 302 to exactly the same URL. */
  z.strictObject({ type: z.literal('redirectLoop') }),
  /** Sets a header of the reply to this value. */
  z.strictObject({ type: z.literal('header'), name: z.string(), value: z.string() }),
  /** `Content-Encoding: gzip`, even if the client does not accept it. */
  z.strictObject({ type: z.literal('gzip') }),
] as const;

/** Faults for files on the CDN. */
const fileActions = [
  /**
   * Serves a file that is `missingBytes` shorter than HEAD states. The headers of the reply fit the
   * shorter file.
   */
  z.strictObject({ type: z.literal('short'), missingBytes: positive }),
  /** Status 200 with the whole file, although the request has a range. */
  z.strictObject({ type: z.literal('ignoreRange') }),
  /** Status 206 with the right body. Content-Range names the wrong bytes or the wrong total. */
  z.strictObject({ type: z.literal('wrongContentRange'), shiftBytes: z.int().optional(), totalDelta: z.int().optional() }),
  /** No Content-Length and no ranges. GET is chunked, and HEAD states no length. */
  z.strictObject({ type: z.literal('missingLength') }),
  /** HEAD states a larger size than the file has. */
  z.strictObject({ type: z.literal('headLies'), extraBytes: positive }),
  /** Status 403, as for a URL that has expired. */
  z.strictObject({ type: z.literal('expireUrl') }),
  /**
   * From this request on the file has other bytes and another ETag. With `sizeBytes` it also has
   * another size.
   */
  z.strictObject({ type: z.literal('etagChange'), sizeBytes: positive.optional() }),
  /**
   * One wrong bit in this byte of the file, if the reply has the byte. Default: the middle of the
   * requested range.
   */
  z.strictObject({ type: z.literal('corrupt'), at: byteOfFile.optional() }),
] as const;

/** Faults of JSON replies. All but the last three apply only to the listing. */
const jsonActions = [
  /**
   * Just before this page is made, a medium is added at the top of the listing, or the first medium
   * is moved to the trash. All other media move by one position.
   */
  z.strictObject({ type: z.literal('pageDrift'), change: z.enum(['add', 'trash']) }),
  /** The last media of the previous page appear again at the top of this page. */
  z.strictObject({ type: z.literal('duplicates'), count: positive }),
  z.strictObject({ type: z.literal('emptyPage') }),
  /** The totals are 0. With `withMedia: false` the page is also empty. */
  z.strictObject({ type: z.literal('totalZero'), withMedia: z.boolean() }),
  /** `total_items` is wrong by `delta`. */
  z.strictObject({ type: z.literal('totalDrift'), delta: z.int() }),
  z.strictObject({ type: z.literal('misshapen'), missing: z.enum(['_embedded', '_pages', 'media', 'id']) }),
  z.strictObject({ type: z.literal('malformedJson') }),
  /** Every object has additional fields that no client knows. */
  z.strictObject({ type: z.literal('unknownFields') }),
] as const;

export const actionSchema = z.discriminatedUnion('type', [...wireActions, ...fileActions, ...jsonActions]);
