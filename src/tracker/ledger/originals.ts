import type { Part, UploadState } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { needsRepair, type Mark, type Original, type OriginalStatus, type Validator } from '../../media.ts';
import type { Check, Claim, Content, Failure, Mismatch, Tracker } from '../tracker.ts';
import type { OriginalRecord } from './fields.ts';
import {
  assertClaimed,
  claimed,
  completed,
  contradicted,
  failed,
  fulfilled,
  intended,
  marked,
  rekeyed,
  released,
} from './original.ts';
import { identityOf, mediaIdOf, supersedes, toTrackedOriginal } from './records.ts';
import type { Reader, Unit } from './store.ts';

/** Commands for one original, from claim to later checks. Errors: BUG for an unknown original. */

export function claim(unit: Unit, id: string, owner: string, leaseMs: number): Claim | undefined {
  const original = unit.original(id);
  const next = original && claimed(original, { owner, leaseMs }, unit);
  if (!next) return undefined;
  unit.saveOriginal(next);
  return { id, owner, attempt: next.attempt };
}

/** Frees an original that an earlier run left claimed. */
export function releaseLeft(unit: Unit, id: string): void {
  const original = unit.original(id);
  if (original && original.owner !== null) unit.saveOriginal(released(original, unit.now));
}

export function release(unit: Unit, claim: Claim): void {
  unit.saveOriginal(released(claimedOriginal(unit, claim), unit.now));
}

export function saveUpload(unit: Unit, claim: Claim, upload: UploadState | null): void {
  const original = claimedOriginal(unit, claim);
  const isSame = upload !== null && original.upload?.id === upload.id;
  if (isSame) unit.saveOriginal({ ...original, upload });
  else saveWithoutParts(unit, { ...original, upload });
}

export function upload(reader: Reader, id: string): Awaited<ReturnType<Tracker['upload']>> {
  const original = reader.original(id);
  return original?.upload ? { state: original.upload, parts: reader.partsOf(original) } : undefined;
}

export function savePart(unit: Unit, claim: Claim, part: Part): void {
  unit.savePart(claimedOriginal(unit, claim), part);
}

export function recordIntent(unit: Unit, claim: Claim, content: Content): void {
  unit.saveOriginal(intended(claimedOriginal(unit, claim), content));
}

export function complete(unit: Unit, claim: Claim, content: Content): void {
  finish(unit, fulfilled(claimedOriginal(unit, claim), content));
}

/** Completes an original with an intent. Changes nothing if it is COMPLETED and has no intent. */
export function completeIntent(unit: Unit, id: string): void {
  const original = originalOf(unit, id);
  if (original.intent || original.status !== 'COMPLETED') finish(unit, original);
}

export function fail(unit: Unit, claim: Claim, failure: Failure): OriginalStatus {
  const next = failed(claimedOriginal(unit, claim), failure, unit.now);
  unit.saveOriginal(next);
  return next.status;
}

/** Errors: KEY_TAKEN when another original has the new key or revision. */
export function rekey(unit: Unit, claim: Claim, original: Original): Awaited<ReturnType<Tracker['rekey']>> {
  const before = claimedOriginal(unit, claim);
  const next = rekeyed(before, original);
  if (!unit.moveOriginal(before, next)) refuseTakenKey(next);
  return { tracked: toTrackedOriginal(next), claim: { ...claim, id: next.id } };
}

/**
 * Sets or clears the mark of an archived original. No change for any other original. The file is
 * SUPERSEDED if a later revision archives what it should hold.
 */
export function setMark(unit: Unit, id: string, mark: Mark | null): Mark | null {
  return recordCheck(unit, id, { mark, hasReadBytes: false });
}

/** Records a check of an archived original. No change for any other original. */
export function recordCheck(unit: Unit, id: string, { mark, evidence, hasReadBytes }: Check): Mark | null {
  const original = originalOf(unit, id);
  if (original.status !== 'COMPLETED') return null;
  const checked = { ...original, ...evidence, ...(hasReadBytes && { checkedAt: unit.now }) };
  const isReplaced = needsRepair(mark) && otherRevisions(unit, original).some((other) => supersedes(other, { ...checked, mark }));
  const next = marked(checked, isReplaced ? 'SUPERSEDED' : mark);
  if (next.mark !== original.mark) saveWithoutParts(unit, next);
  else if (evidence || hasReadBytes) unit.saveOriginal(next);
  return next.mark;
}

export function recordMismatch(unit: Unit, claim: Claim, mismatch: Mismatch): void {
  saveWithoutParts(unit, contradicted(claimedOriginal(unit, claim), mismatch));
}

function otherRevisions(unit: Unit, original: OriginalRecord): readonly OriginalRecord[] {
  const identity = identityOf(original);
  return unit.originalsOf(mediaIdOf(original.id)).filter((other) => identityOf(other) === identity && other.id !== original.id);
}

export function setValidator(unit: Unit, id: string, { etag, lastModified }: Validator): void {
  unit.saveOriginal({ ...originalOf(unit, id), etag, lastModified });
}

export function refuseTakenKey({ key }: OriginalRecord): never {
  throw new SyncError('KEY_TAKEN', `${key} belongs to another original`);
}

export function refuseUnknown(id: string): never {
  throw new SyncError('BUG', `the tracker knows no ${id}`);
}

function originalOf(unit: Unit, id: string): OriginalRecord {
  return unit.original(id) ?? refuseUnknown(id);
}

function claimedOriginal(unit: Unit, claim: Claim): OriginalRecord {
  return assertClaimed(originalOf(unit, claim.id), claim);
}

/**
 * Completes an original. It supersedes the marked earlier revisions that should hold its content.
 */
function finish(unit: Unit, original: OriginalRecord): void {
  const done = completed(original, unit.now);
  const others = original.revision === 1 ? [] : otherRevisions(unit, original);
  for (const other of others) {
    if (supersedes(done, other)) saveWithoutParts(unit, marked(other, 'SUPERSEDED'));
  }
  saveWithoutParts(unit, done);
}

function saveWithoutParts(unit: Unit, original: OriginalRecord): void {
  unit.saveOriginal(original);
  unit.dropParts(original);
}
