import type { Role } from '../../media.ts';

/** Roles as trackers store and compare sets of them. Written into ledgers: a bit never changes its meaning. */
const roleBits: Readonly<Record<Role, number>> = { source: 1, raw: 2, edit: 4, sidecar: 8 };

const allRoles = Object.keys(roleBits) as Role[];

/** A set of roles as bits. */
export function bitsOf(roles: readonly Role[]): number {
  return roles.reduce((bits, role) => bits | roleBits[role], 0);
}

export function rolesOf(bits: number): Role[] {
  return allRoles.filter((role) => (bits & roleBits[role]) !== 0);
}
