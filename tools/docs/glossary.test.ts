import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/events.ts';
import { allProofs, type Mark, type MediumStatus, type OriginalStatus, type Provider, type Role } from '../../src/media.ts';

const glossary = readFileSync(join(import.meta.dirname, '../../docs/glossary.md'), 'utf8');

/** The quoted words in the first column of a section. A repeated word is returned each time. */
function wordsUnder(title: string): string[] {
  const section = glossary.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, word = '']) => word).toSorted();
}

/** Returns every member of a union type. The compiler refuses an incomplete list. */
function namesOf<Name extends string>(names: Readonly<Record<Name, true>>): string[] {
  return Object.keys(names).toSorted();
}

const originalStatuses = namesOf<OriginalStatus>({
  PENDING: true,
  IN_PROGRESS: true,
  COMPLETED: true,
  FAILED: true,
  QUARANTINED: true,
  SOURCE_DELETED: true,
});

const mediumStatuses = namesOf<MediumStatus>({
  LISTED: true,
  WAITING: true,
  RESOLVED: true,
  FAILED: true,
  QUARANTINED: true,
  SOURCE_DELETED: true,
});

describe('the glossary', () => {
  test('the glossary has every status of an original and of a medium', () => {
    expect(wordsUnder('Statuses')).toEqual([...originalStatuses, ...mediumStatuses].toSorted());
  });

  test('the glossary has every mark', () => {
    expect(wordsUnder('Marks')).toEqual(namesOf<Mark>({ MISSING: true, DAMAGED: true, SUPERSEDED: true, SUSPECT: true }));
  });

  test('the glossary has every proof', () => {
    expect(wordsUnder('Proofs')).toEqual(allProofs.toSorted());
  });

  test('the glossary has every role', () => {
    expect(wordsUnder('Roles')).toEqual(namesOf<Role>({ source: true, raw: true, edit: true, sidecar: true }));
  });

  test('the glossary has every outcome of a run', () => {
    const outcomes = { clean: true, partial: true, failed: true, expired: true, locked: true, interrupted: true } as const;
    expect(wordsUnder('Outcomes')).toEqual(namesOf<Outcome>(outcomes));
  });

  test('the glossary has every provider', () => {
    const [line = ''] = /^\| provider \|.*$/m.exec(glossary) ?? [];
    expect(namesOf<Provider>({ gopro: true }).filter((name) => !line.includes(`\`${name}\``))).toEqual([]);
  });

  test('the glossary explains no word twice', () => {
    // Skips each line directly above `|---`, because such a line is the head of a table.
    const words = [...glossary.matchAll(/^\| ([a-z][a-z ]*) \|.*\n(?!\|---)/gm)].map(([, word]) => word);
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word, index) => words.indexOf(word) < index)).toEqual([]);
  });
});
