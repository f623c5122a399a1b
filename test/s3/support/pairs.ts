/**
 * The tested combinations of fault, server and file size. Every fault is tested with every server
 * and every size, and every server with every size.
 */
import { apiFaults } from '../../../src/sim/gopro/faults/catalogue-api.ts';
import { faultCatalogue, faultNames, type FaultName } from '../../../src/sim/gopro/faults/catalogue.ts';
import type { FaultExpectation } from '../../../src/sim/gopro/faults/faults.ts';
import { serverNames, type ServerName } from './servers.ts';

/** With `put` every file is uploaded by one PUT. With `parts` some files have several parts. */
export const sizeClasses = ['put', 'parts'] as const;

export type SizeClass = (typeof sizeClasses)[number];

export interface Pairing {
  readonly fault: FaultName;
  readonly server: ServerName;
  readonly size: SizeClass;
}

export const pairings: readonly Pairing[] = faultNames.flatMap((fault, row) =>
  serverNames.map((server, column) => ({ fault, server, size: sizeClasses[(row + column) % sizeClasses.length]! })),
);

/** The pairings of a server. `strikes` chooses faults of single media or faults of whole runs. */
export function pairingsOf(server: ServerName, strikes: 'media' | 'runs', outcome: FaultExpectation['outcome']): Pairing[] {
  return pairings.filter(
    (pairing) =>
      pairing.server === server &&
      strikesMedia(pairing.fault) === (strikes === 'media') &&
      faultCatalogue[pairing.fault]()[0]?.expect?.outcome === outcome,
  );
}

/** True for faults of files, and for API faults that can be aimed at the resolve of one medium. */
function strikesMedia(fault: FaultName): boolean {
  return !Object.hasOwn(apiFaults, fault) || faultCatalogue[fault]({ mediaId: 'x' })[0]?.match?.mediaId === 'x';
}
