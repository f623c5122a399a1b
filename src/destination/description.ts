import { z } from 'zod';
import { allProofs, allRoles, originalId, type Evidence, type Original, type Proof } from '../media.ts';
import { noClaim } from '../proof/claim.ts';
import type { FileDescription } from './destination.ts';

/**
 * A description as flat ASCII text. Each field has a lower-case name and a printable value without
 * spaces. This form fits the metadata of an S3 object and a line of a manifest. Null and empty
 * values are left out.
 */
export type DescriptionFields = Readonly<Record<string, string>>;

const text = z.string().transform((value, context) => {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    context.addIssue({ code: 'custom', message: 'not percent-encoded' });
    return z.NEVER;
  }
});
const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const role = z.enum(allRoles);

const fieldsSchema = z.object({
  provider: z.literal('gopro'),
  account: text.default(''),
  'media-id': text,
  role,
  label: text.default(''),
  type: text.default(''),
  position: text.default(''),
  'item-number': count.nullable().default(null),
  ordinal: count,
  revision: count,
  'original-name': text.default(''),
  'captured-at': text.nullable().default(null),
  'medium-type': text.optional(),
  camera: text.optional(),
  originals: count,
  roles: z
    .string()
    .default('')
    .transform((value) => value.split(',').filter((name) => name !== ''))
    .pipe(z.array(role)),
  etag: text.nullable().default(null),
  'last-modified': text.nullable().default(null),
  'medium-version': text.default(''),
  claim: text.nullable().default(null),
  proof: z.string().nullable().default(null),
  'claim-part-bytes': count.nullable().catch(null).default(null),
});

/** The fields that say how the bytes and the claim compare. They are known last. */
export const verdictNames = ['proof', 'claim-part-bytes'] satisfies readonly (keyof z.input<typeof fieldsSchema>)[];

/**
 * Encodes all of a description except the key. Without a claim, nothing is encoded of the evidence.
 * Unpaired surrogates become U+FFFD. Everything else can be decoded exactly.
 */
export function encodeDescription(description: FileDescription): DescriptionFields {
  const { original, validator, evidence } = description;
  return encodeFields({
    provider: original.provider,
    account: original.account,
    'media-id': original.mediaId,
    role: original.role,
    label: original.label,
    type: original.type,
    position: original.position,
    'item-number': original.itemNumber,
    ordinal: original.ordinal,
    revision: original.revision,
    'original-name': description.originalName,
    'captured-at': description.capturedAt,
    'medium-type': description.mediumType ?? null,
    camera: description.camera ?? null,
    originals: description.originalsOfMedium,
    roles: description.roles.join(','),
    etag: validator.etag,
    'last-modified': validator.lastModified,
    'medium-version': description.mediumVersion,
    ...evidenceFields(evidence),
  });
}

/** Encodes only what a description says of the claim. */
export function encodeEvidence(evidence: Evidence | undefined): DescriptionFields {
  return encodeFields(evidenceFields(evidence));
}

type Field = keyof z.input<typeof fieldsSchema>;

function evidenceFields(evidence: Evidence | undefined) {
  const isClaimed = evidence !== undefined && evidence.claim !== null;
  return {
    claim: isClaimed ? evidence.claim : null,
    proof: isClaimed ? evidence.proof : null,
    'claim-part-bytes': isClaimed ? evidence.claimPartBytes : null,
  } satisfies Partial<Record<Field, string | number | null>>;
}

/** Leaves out the fields without a value. */
function encodeFields(fields: Partial<Record<Field, string | number | null>>): DescriptionFields {
  const present = Object.entries(fields).filter(([, value]) => value !== null && value !== '');
  return Object.fromEntries(present.map(([name, value]) => [name, percentEncode(String(value))]));
}

/**
 * Decodes the description of the file at `key`. Returns undefined if the fields are not a
 * description. Ignores unknown fields.
 */
export function decodeDescription(fields: unknown, key: string): FileDescription | undefined {
  const parsed = fieldsSchema.safeParse(fields);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const evidence = evidenceIn(data);
  return {
    original: {
      provider: data.provider,
      account: data.account,
      mediaId: data['media-id'],
      role: data.role,
      label: data.label,
      type: data.type,
      position: data.position,
      itemNumber: data['item-number'],
      ordinal: data.ordinal,
      revision: data.revision,
      key,
    },
    originalName: data['original-name'],
    capturedAt: data['captured-at'],
    ...(data['medium-type'] !== undefined && { mediumType: data['medium-type'] }),
    ...(data.camera !== undefined && { camera: data.camera }),
    originalsOfMedium: data.originals,
    roles: data.roles,
    validator: { etag: data.etag, lastModified: data['last-modified'] },
    mediumVersion: data['medium-version'],
    ...(evidence && { evidence }),
  };
}

/**
 * Returns undefined if the description makes no statement about a claim. The metadata of an S3
 * object never has a proof. The proof of its claim is `proven`, unless a record says otherwise.
 */
function evidenceIn({ claim, proof, ...data }: z.output<typeof fieldsSchema>): Evidence | undefined {
  if (claim === null) return undefined;
  const usual: Proof = claim === noClaim ? 'none' : 'proven';
  // A newer version may know more proofs.
  const stated = allProofs.find((known) => known === proof) ?? 'unchecked';
  return { claim, proof: proof === null ? usual : stated, claimPartBytes: data['claim-part-bytes'] };
}

/** The claim that a description states, as text. null if it states none. */
export function describedClaimOf({ evidence }: Pick<FileDescription, 'evidence'>): string | null {
  return evidence?.claim ?? null;
}

/** Whether both values mean the same revision of the same original. */
export function isSameOriginal(one: Original, other: Original): boolean {
  return (
    one.provider === other.provider &&
    one.account === other.account &&
    originalId(one, one.revision) === originalId(other, other.revision)
  );
}

/**
 * Percent-encodes spaces, `%`, and everything that is not printable ASCII. Consecutive characters
 * are encoded together, so that surrogate pairs stay together.
 */
function percentEncode(value: string): string {
  return value.toWellFormed().replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent);
}
