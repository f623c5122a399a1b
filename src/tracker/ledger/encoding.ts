import type { Role } from '../../media.ts';
import { initialValue, type Fields, type Kind } from './fields.ts';

/** Encodes the values of a record as text, numbers and null, which both stores can keep. */

export type Scalar = string | number | null;

/** A field of a record, stored as a column or an attribute. */
export interface Column {
  /** The field's name. */
  readonly name: string;
  readonly column: string;
  readonly kind: Kind;
  readonly isNullable: boolean;
  readonly encode: (value: unknown) => Scalar;
  /** Undefined means that the row was written before the field existed. */
  readonly decode: (stored: Scalar | undefined) => unknown;
}

/** Ledgers store these bits, so a bit never changes its meaning. */
const roleBits: Readonly<Record<Role, number>> = { source: 1, raw: 2, edit: 4, sidecar: 8 };
const allRoles = Object.keys(roleBits) as Role[];

/** All sets of roles, indexed by their bits. Equal sets share one object. */
const roleSets: readonly (readonly Role[])[] = Array.from({ length: 16 }, (_, bits) =>
  allRoles.filter((role) => (bits & roleBits[role]) !== 0),
);

export function roleBitsOf(roles: readonly Role[]): number {
  return roles.reduce((bits, role) => bits | roleBits[role], 0);
}

const asIs = { encode: (value: unknown) => value as Scalar, decode: (stored: Scalar): unknown => stored };

const codecs: Readonly<Record<Kind, typeof asIs>> = {
  text: asIs,
  count: asIs,
  number: asIs,
  flag: { encode: (value) => (value ? 1 : 0), decode: (stored) => stored === 1 },
  role: { encode: (value) => roleBits[value as Role], decode: (stored) => roleSets[Number(stored)]![0] },
  roles: { encode: (value) => roleBitsOf(value as readonly Role[]), decode: (stored) => roleSets[Number(stored)] },
  json: { encode: (value) => JSON.stringify(value), decode: (stored) => JSON.parse(String(stored)) },
};

export function columnsOf(fields: Fields): readonly Column[] {
  return Object.entries(fields).map(([name, field]) => {
    const { encode, decode } = codecs[field.kind];
    const initial = initialValue(field);
    return {
      name,
      column: columnOf(name),
      kind: field.kind,
      isNullable: field.isNullable,
      encode: (value) => (value === null ? null : encode(value)),
      decode: (stored) => (stored === null || stored === undefined ? initial : decode(stored)),
    };
  });
}

/** `sizeBytes` becomes `size_bytes`. */
export function columnOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
