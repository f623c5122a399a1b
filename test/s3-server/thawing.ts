/**
 * Objects in archive classes. See the page "Restoring an archived object" of the user guide of S3,
 * and RestoreObject in its API reference.
 */
import { receiveBody } from './body.ts';
import { type Call, findBucket, findObject, receiveOptions, type StoredObject, type StoreState } from './state.ts';
import { header, S3Error, type S3Reply, type XmlTree, xmlText } from './wire.ts';

/** The request to make an object readable. Times are in ms since 1970, by the store's clock. */
export interface Thaw {
  readonly readyAtMs: number;
  /** Infinity for Intelligent-Tiering, which moves the object to another tier. */
  readonly expiresAtMs: number;
}

const archiveClasses = new Set(['GLACIER', 'DEEP_ARCHIVE']);
const dayMs = 24 * 3_600_000;

/** Whether the object is in an archive class, or in an archive tier of Intelligent-Tiering. */
function isArchived({ attributes: { storageClass }, archiveTier }: StoredObject): boolean {
  return archiveClasses.has(storageClass) || archiveTier !== undefined;
}

/** Whether the bytes of an object can be read now. */
export function isReadable(object: StoredObject, { nowMs }: StoreState): boolean {
  const { thaw } = object;
  return !isArchived(object) || (thaw !== undefined && thaw.readyAtMs <= nowMs() && nowMs() < thaw.expiresAtMs);
}

/** What a HEAD shows of an object in an archive class. */
export function thawHeaders(object: StoredObject, { nowMs }: StoreState): Record<string, string> {
  const { thaw, archiveTier } = object;
  const shown = { ...(archiveTier !== undefined && { 'x-amz-archive-status': archiveTier }) };
  if (!thaw || nowMs() >= thaw.expiresAtMs) return shown;
  if (nowMs() < thaw.readyAtMs) return { ...shown, 'x-amz-restore': 'ongoing-request="true"' };
  if (thaw.expiresAtMs === Infinity) return {};
  return { ...shown, 'x-amz-restore': `ongoing-request="false", expiry-date="${new Date(thaw.expiresAtMs).toUTCString()}"` };
}

/** What a listing shows if it is asked for `RestoreStatus`. */
export function thawStatus({ thaw }: StoredObject, { request, store: { nowMs } }: Call): XmlTree | undefined {
  const asked = header(request, 'x-amz-optional-object-attributes')?.split(/,\s*/) ?? [];
  if (!asked.includes('RestoreStatus') || !thaw || nowMs() >= thaw.expiresAtMs) return undefined;
  if (nowMs() < thaw.readyAtMs) return { IsRestoreInProgress: true };
  if (thaw.expiresAtMs === Infinity) return undefined;
  return { IsRestoreInProgress: false, RestoreExpiryDate: new Date(thaw.expiresAtMs).toISOString() };
}

/**
 * Carries out RestoreObject: 202 for a new request, 409 while the store is at it, and 200 if the
 * object can be read, which then stays readable for longer.
 */
export async function restoreObject(call: Call): Promise<S3Reply> {
  const { content } = await receiveBody(call.request, { ...receiveOptions(call), keeping: { kind: 'memory' } });
  const xml = Buffer.concat([...content.read(0, content.sizeBytes)]).toString();
  const object = findObject(call);
  const { store } = call;
  if (!isArchived(object)) throw new S3Error('InvalidObjectState');
  const { days, tier } = parseRequest(xml, object);
  const nowMs = store.nowMs();
  if (object.thaw && nowMs < object.thaw.readyAtMs) throw new S3Error('RestoreAlreadyInProgress');
  const isThawed = isReadable(object, store);
  const readyAtMs = isThawed ? nowMs : nowMs + (tier === 'Bulk' ? 4 : 1) * store.thawMs;
  // S3 rounds the end up to the next midnight in UTC.
  const expiresAtMs = days === undefined ? Infinity : Math.ceil((readyAtMs + days * dayMs) / dayMs) * dayMs;
  findBucket(call).objects.set(object.key, { ...object, thaw: { readyAtMs, expiresAtMs } });
  return { status: isThawed ? 200 : 202 };
}

/** Throws S3Error MalformedXML, InvalidArgument. */
function parseRequest(xml: string, { archiveTier, attributes }: StoredObject): { days: number | undefined; tier: string } {
  const days = xmlText(xml, 'Days');
  const tier = xmlText(xml, 'Tier') ?? 'Standard';
  if (!['Standard', 'Bulk', 'Expedited'].includes(tier)) throw new S3Error('MalformedXML');
  if (tier === 'Expedited' && attributes.storageClass === 'DEEP_ARCHIVE') throw new S3Error('InvalidArgument');
  if ((archiveTier === undefined) !== (days !== undefined)) throw new S3Error('MalformedXML');
  if (days !== undefined && !/^[1-9]\d*$/.test(days)) throw new S3Error('MalformedXML');
  return { days: days === undefined ? undefined : Number(days), tier };
}
