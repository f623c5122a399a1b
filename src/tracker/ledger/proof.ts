import { noEvidence, type Evidence, type Proof, type Validator } from '../../media.ts';
import { parseEtag } from '../../proof/claim.ts';
import type { OriginalRecord } from './fields.ts';

/** Rules about the proof of an archived file. */

/**
 * The evidence of a file whose bytes were just stored, or that was just found. If the provider was
 * never asked for a claim, its ETag may still be one, and nobody has compared it with the bytes.
 */
export function evidenceOf({ etag }: Validator, evidence: Evidence = noEvidence): Evidence {
  return evidence.claim === null ? { ...noEvidence, proof: unaskedProof(etag) } : evidence;
}

/** Null for an original that is not archived. An earlier version kept no proof of a file. */
export function proofOf({ status, proof, etag }: Pick<OriginalRecord, 'status' | 'proof' | 'etag'>): Proof | null {
  return proof ?? (status === 'COMPLETED' ? unaskedProof(etag) : null);
}

/** The proof of a file whose provider was never asked for a claim. */
export function unaskedProof(etag: string | null): Proof {
  return parseEtag(etag) ? 'unchecked' : 'none';
}

type Archived = Pick<OriginalRecord, 'status' | 'mark' | 'proof'>;

/**
 * Whether an archived file has the bytes that came twice although a trusted claim contradicts them.
 */
export function isDisputed({ status, mark, proof }: Archived): boolean {
  return status === 'COMPLETED' && mark === null && proof === 'disputed';
}
