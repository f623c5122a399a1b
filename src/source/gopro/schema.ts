/**
 * The JSON of GoPro's API, as far as the program uses it. The schemas are strict where a wrong
 * reading would lose a file, and lenient everywhere else. The API has no public description. All
 * shapes were observed, and every optional field was seen null, absent or wrong.
 */
import { z } from 'zod';
import { shortened } from '../../lib/text.ts';
import type { Medium } from '../../media.ts';

/** Longer texts are shortened, so that no text of the API costs much. */
const maxNameLength = 1_024;
const maxTextLength = 256;
/** A page has 100 media. A page with more entries than this is refused. */
const maxPageEntries = 10_000;
/** A medium with more entries than this in one list is refused. The largest sets have thousands. */
const maxMediumEntries = 50_000;

/**
 * An id is opaque, but must fit into a path. The id `..` would name another resource. Half of a
 * surrogate pair cannot be sent.
 */
const mediaId = z
  .union([z.string(), z.int().transform(String)])
  .refine((id) => id.trim() !== '' && id !== '.' && id !== '..' && id.length <= 128 && id.isWellFormed());

/** Whether a request can contain this id. */
export function isUsableId(id: string): boolean {
  return mediaId.safeParse(id).success;
}

/** A whole number ≥ 0. The API sometimes sends numbers as strings. */
const count = z.union([z.number(), z.string().trim().regex(/^\d+$/).transform(Number)]).pipe(z.int().nonnegative());
const countOrNull = count.nullable().catch(null);
const short = z.string().transform((value) => shortened(value, maxTextLength));
const text = short.catch('');
const textOrNull = short.pipe(z.string().min(1)).nullable().catch(null);
const name = z
  .string()
  .transform((value) => shortened(value, maxNameLength))
  .catch('');
const urlOrNull = z.string().min(1).nullable().catch(null);

const medium = z.object({
  id: mediaId,
  type: short.pipe(z.string().min(1)).catch('unknown'),
  filename: name,
  file_extension: textOrNull,
  /** A size of 0 means that the size is unknown, as null does. */
  file_size: countOrNull.transform((sizeBytes) => sizeBytes || null),
  item_count: countOrNull,
  captured_at: textOrNull,
  created_at: textOrNull,
  updated_at: textOrNull,
  reprocessed_at: textOrNull,
  camera_model: textOrNull,
  ready_to_view: short.pipe(z.string().min(1)).catch('unknown'),
});

/** The fields that a request for a listing must name. */
export const mediumFields: readonly string[] = Object.keys(medium.shape);

/** One medium as the API shows it. */
export type MediumRecord = z.infer<typeof medium>;

/**
 * The schema for the reply of `GET /media/{id}`. The record of another medium counts as misshapen.
 */
export function recordOf(id: string): z.ZodType<MediumRecord> {
  return medium.refine((record) => record.id === id, { path: ['id'] });
}

/** A page of `GET /media/search`. `unreadable` counts the entries without a usable id. */
export const listingReply = z
  .object({
    _pages: z.object({ total_items: count, total_pages: count }),
    _embedded: z.object({ media: z.array(z.unknown()).max(maxPageEntries) }),
  })
  .transform(({ _pages, _embedded }) => {
    const records = _embedded.media.flatMap((entry) => medium.safeParse(entry).data ?? []);
    return {
      totalItems: _pages.total_items,
      totalPages: _pages.total_pages,
      records,
      unreadable: _embedded.media.length - records.length,
    };
  });

/** Accepts any object. A probe of the credentials needs no more. */
export const anyObject = z.object({});

const replyEntry = z
  .object({
    label: text,
    type: text,
    item_number: countOrNull,
    camera_position: z.union([short.pipe(z.string().min(1)), z.number().transform(String)]).catch('default'),
    available: z.unknown().optional(),
    url: urlOrNull,
    head: urlOrNull,
  })
  .transform(({ label, type, item_number, camera_position, available, url, head }) => ({
    label,
    type: type.toLowerCase(),
    itemNumber: item_number,
    position: camera_position,
    /**
     * Only `false` (also as text, or as 0) means unavailable. An entry with a URL but without this
     * field is available.
     */
    available: available !== false && available !== 'false' && available !== 0,
    url,
    headUrl: head,
  }));

/** One entry of `files`, `variations` or `sidecar_files`. `files` has no labels and types. */
export type ReplyEntry = z.infer<typeof replyEntry>;

/**
 * An entry that is not an object could be an original that the program cannot read. So the whole
 * reply is misshapen.
 */
const entries = z.array(z.unknown()).max(maxMediumEntries).pipe(z.array(replyEntry)).nullish();

/**
 * The schema for the reply of `GET /media/{id}/download`. At least one list that can hold originals
 * must be there.
 */
export const downloadReply = z
  .object({
    filename: name,
    _embedded: z
      .object({ files: entries, variations: entries, sidecar_files: entries })
      .refine(({ files, variations }) => Boolean(files ?? variations)),
  })
  .transform(({ filename, _embedded: { files, variations, sidecar_files } }) => ({
    filename,
    files: files ?? [],
    variations: variations ?? [],
    sidecars: sidecar_files ?? [],
  }));

export type DownloadReply = z.infer<typeof downloadReply>;

/** Converts a record of the API into a medium. */
export function toMedium(record: MediumRecord, account: string): Medium {
  return {
    provider: 'gopro',
    account,
    id: record.id,
    type: record.type,
    filename: record.filename,
    fileExtension: record.file_extension?.replace(/^\./, '') || null,
    sizeHintBytes: record.file_size,
    capturedAt: record.captured_at,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    reprocessedAt: record.reprocessed_at,
    itemCount: record.item_count,
    cameraModel: record.camera_model,
    ready: record.ready_to_view === 'ready',
    readyState: record.ready_to_view,
  };
}
