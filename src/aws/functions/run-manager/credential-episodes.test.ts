import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, noEpisodes, parseEpisodes, type CredentialEvent, type Episodes, type Notice } from './credential-episodes.ts';

const dayMs = 24 * 3_600_000;
const firstNightMs = Date.parse('2026-11-01T03:15:00Z');

/**
 * One step of a run, and the notices that are expected from the step. A repeated step has two
 * entries.
 */
interface Step {
  readonly night: number;
  readonly run: string;
  readonly event: CredentialEvent;
  readonly expected: readonly Notice[];
}

const expired: CredentialEvent = { kind: 'expired' };
const valid = (ageDays: number | null = 1): CredentialEvent => ({ kind: 'valid', ageDays });

function noticesOf(steps: readonly Omit<Step, 'expected'>[], lateMs = 0): (readonly Notice[])[] {
  let episodes = noEpisodes;
  return steps.map(({ night, run, event }) => {
    const decision = decide(episodes, event, { run, nowMs: firstNightMs + night * dayMs + (night === 0 ? lateMs : 0) });
    episodes = parseEpisodes(JSON.stringify(decision.episodes));
    return decision.notices;
  });
}

const stories: readonly (readonly [string, readonly Step[]])[] = [
  ['young credentials cause no notice', [{ night: 0, run: 'a', event: valid(1), expected: [] }]],
  ['the first expiry causes a notice', [{ night: 0, run: 'a', event: expired, expected: ['expired'] }]],
  [
    'a repeated step of the same run gets the same notice',
    [
      { night: 0, run: 'a', event: expired, expected: ['expired'] },
      { night: 0.01, run: 'a', event: expired, expected: ['expired'] },
    ],
  ],
  [
    'a reminder comes on the seventh night, and again a week later',
    [
      { night: 0, run: 'a', event: expired, expected: ['expired'] },
      { night: 1, run: 'b', event: expired, expected: [] },
      { night: 6, run: 'c', event: expired, expected: [] },
      { night: 7, run: 'd', event: expired, expected: ['still-expired'] },
      { night: 7.01, run: 'd', event: expired, expected: ['still-expired'] },
      { night: 8, run: 'e', event: expired, expected: [] },
      { night: 14, run: 'f', event: expired, expected: ['still-expired'] },
    ],
  ],
  [
    'one notice comes when the credentials work again, and another when they expire again',
    [
      { night: 0, run: 'a', event: expired, expected: ['expired'] },
      { night: 1, run: 'b', event: valid(), expected: ['recovered'] },
      { night: 1.01, run: 'b', event: valid(), expected: ['recovered'] },
      { night: 2, run: 'c', event: valid(), expected: [] },
      { night: 3, run: 'd', event: expired, expected: ['expired'] },
    ],
  ],
  [
    'old credentials cause one notice until they are replaced',
    [
      { night: 0, run: 'a', event: valid(4.9), expected: [] },
      { night: 1, run: 'b', event: valid(5.9), expected: ['aged'] },
      { night: 1.01, run: 'b', event: valid(5.9), expected: ['aged'] },
      { night: 2, run: 'c', event: valid(6.9), expected: [] },
      { night: 3, run: 'd', event: valid(0.2), expected: [] },
      { night: 8, run: 'e', event: valid(5.2), expected: ['aged'] },
    ],
  ],
  [
    'new credentials that are already old cause another notice',
    [
      { night: 0, run: 'a', event: valid(5), expected: ['aged'] },
      { night: 30, run: 'b', event: valid(6), expected: ['aged'] },
    ],
  ],
  [
    'a run with credentials of unknown age keeps the record of notices',
    [
      { night: 0, run: 'a', event: valid(5), expected: ['aged'] },
      { night: 1, run: 'b', event: valid(null), expected: [] },
      { night: 2, run: 'c', event: valid(7), expected: [] },
    ],
  ],
  [
    'one run can cause the notice of recovery and the notice of old credentials',
    [
      { night: 0, run: 'a', event: expired, expected: ['expired'] },
      { night: 1, run: 'b', event: valid(9), expected: ['recovered', 'aged'] },
      { night: 2, run: 'c', event: valid(10), expected: [] },
    ],
  ],
  [
    'old credentials cause no second notice of their age after they were refused for one night',
    [
      { night: 0, run: 'a', event: valid(5), expected: ['aged'] },
      { night: 1, run: 'b', event: expired, expected: ['expired'] },
      { night: 2, run: 'c', event: valid(7), expected: ['recovered'] },
    ],
  ],
];

describe('notices about the credentials', () => {
  test.each(stories)('%s', (_name, steps) => {
    expect(noticesOf(steps)).toEqual(steps.map(({ expected }) => expected));
  });

  test('the weekly reminder is sent even if the run of the seventh night begins an hour early', () => {
    const nights = [0, 7].map((night) => ({ night, run: String(night), event: expired }));
    expect(noticesOf(nights, 3_600_000)).toEqual([['expired'], ['still-expired']]);
  });
});

const events = fc.oneof(
  fc.constant(expired),
  fc.record({ kind: fc.constant('valid' as const), ageDays: fc.option(fc.double({ min: 0, max: 60, noNaN: true })) }),
);

test('a repeated step of a run gives the same notices and leaves the record of notices unchanged', () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1 }), (nights) => {
      let episodes: Episodes = noEpisodes;
      for (const [night, event] of nights.entries()) {
        const asking = { nowMs: firstNightMs + night * dayMs, run: `run ${night}` };
        const first = decide(episodes, event, asking);
        expect(decide(first.episodes, event, { ...asking, nowMs: asking.nowMs + 60_000 })).toEqual(first);
        episodes = first.episodes;
      }
    }),
  );
});

test('notices of expiry and notices of recovery always alternate', () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1 }), (nights) => {
      const expected = noticesOf(nights.map((event, night) => ({ night, run: `run ${night}`, event }))).flat();
      const turns = expected.filter((notice) => notice === 'expired' || notice === 'recovered');
      expect(turns).toEqual(turns.map((_, index) => (index % 2 === 0 ? 'expired' : 'recovered')));
    }),
  );
});

test.each([undefined, '', 'null', '{}', '{"expired":{"since":"yesterday"}}'])(
  'a record of notices with the unreadable text "%s" counts as empty',
  (text) => {
    expect(parseEpisodes(text)).toEqual(noEpisodes);
  },
);
