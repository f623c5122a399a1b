import { describe, expect, test } from 'vitest';
import { archiveTests } from './destination/archive.ts';
import { openBed, type Check, type DestinationStage } from './destination/bed.ts';
import { cleaningUpTests } from './destination/cleaning-up.ts';
import { commitTests } from './destination/commit.ts';
import { placeTests } from './destination/place.ts';
import { resumeTests } from './destination/resume.ts';
import { uploadTests } from './destination/upload.ts';

/**
 * The tests of every destination. `setup` gives each test its own empty place. `gaps` names tests
 * that an adapter cannot pass, with the reason. These tests run too and must fail, so that nobody
 * overlooks a closed gap.
 */
export function destinationConformance(
  name: string,
  setup: () => Promise<DestinationStage>,
  gaps: Readonly<Record<string, string>> = {},
): void {
  const unknownGaps = new Set(Object.keys(gaps));
  const check: Check = (title, prove) => {
    const reason = gaps[title];
    unknownGaps.delete(title);
    const run = async () => {
      await using bed = await openBed(setup);
      await prove(bed);
    };
    if (reason === undefined) test(title, run);
    else test.fails(`${title} (gap: ${reason})`, run);
  };
  describe(`${name} as a destination`, () => {
    describe('the place', () => placeTests(check));
    describe('an upload', () => uploadTests(check));
    describe('a resume', () => resumeTests(check));
    describe('a commit', () => commitTests(check));
    describe('the archive', () => archiveTests(check));
    describe('cleaning up', () => cleaningUpTests(check));
    test('every gap names a case of the suite', () => {
      expect([...unknownGaps]).toEqual([]);
    });
  });
}
