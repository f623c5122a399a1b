import type { MediumFields } from './medium-fields.ts';
import type { OriginalFields } from './original-fields.ts';

type OpenMedium = Pick<MediumFields, 'status' | 'gone_since' | 'resolved_roles'>;
type OpenOriginal = Pick<OriginalFields, 'status' | 'role' | 'mark'> & { readonly superseded: boolean };

/** Whether there is something to do about a medium for the roles asked (`Tracker.openMedia`). */
export function isOpen(medium: OpenMedium, originals: readonly OpenOriginal[], roles: number): boolean {
  if (medium.gone_since !== null) return false;
  if (medium.status === 'LISTED' || medium.status === 'WAITING' || medium.status === 'FAILED') return true;
  if (medium.status !== 'RESOLVED') return false;
  return (
    (medium.resolved_roles & roles) !== roles || originals.some((original) => (original.role & roles) !== 0 && isDue(original))
  );
}

function isDue({ status, mark, superseded }: OpenOriginal): boolean {
  return status === 'PENDING' || status === 'IN_PROGRESS' || status === 'FAILED' || (mark !== null && !superseded);
}
