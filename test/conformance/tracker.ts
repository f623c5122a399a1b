import { describe, test } from 'vitest';
import { adoptionTests } from './tracker/adoption.ts';
import { claimTests } from './tracker/claims.ts';
import { fenceTests } from './tracker/fence.ts';
import { evidenceTests } from './tracker/evidence.ts';
import { denialTests } from './tracker/denials.ts';
import type { Check, TrackerBed } from './tracker/fixtures.ts';
import { listingTests } from './tracker/listing.ts';
import { mediaTests } from './tracker/media.ts';
import { openMediaTests } from './tracker/open-media.ts';
import { proofTests } from './tracker/proofs.ts';
import { runTests } from './tracker/runs.ts';
import { tallyTests } from './tracker/tally.ts';

/**
 * Adds the tests that every tracker must pass. `setup` gives each test its own ledger. `gaps` gives
 * the reason for each test that an adapter cannot pass. Such a test runs too and must fail. When it
 * passes, its entry in `gaps` has to go.
 */
export function trackerConformance(
  name: string,
  setup: () => Promise<TrackerBed>,
  gaps: Readonly<Record<string, string>> = {},
): void {
  const check: Check = (title, prove) => {
    const run = gaps[title] === undefined ? test : test.fails;
    run(title, async () => {
      const bed = await setup();
      try {
        await prove(bed);
      } finally {
        await bed.dispose();
      }
    });
  };
  describe(name, () => {
    describe('adoption', () => adoptionTests(check));
    describe('listing', () => listingTests(check));
    describe('media', () => mediaTests(check));
    describe('openMedia and rows', () => openMediaTests(check));
    describe('claims', () => claimTests(check));
    describe('runs', () => runTests(check));
    describe('fence', () => fenceTests(check));
    describe('tally', () => tallyTests(check));
    describe('evidence', () => evidenceTests(check));
    describe('proofs', () => proofTests(check));
    describe('denials', () => denialTests(check));
  });
}
