/** The tests of every source. Each adapter runs them on its own stage, which holds a library. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allRoles, alwaysRoles, originalId, type Medium, type OriginalIdentity, type Role } from '../../src/media.ts';
import type { ListingPage, Source } from '../../src/source/source.ts';

/** A file that must be offered. */
export interface ExpectedFile {
  readonly mediaId: string;
  readonly role: Role;
  readonly sha256: () => Promise<string>;
}

/** A source with a known library of several pages. Its methods can break the source. */
export interface SourceStage extends AsyncDisposable {
  readonly source: Source;
  /** Ids of all media, newest first. */
  ids(): readonly string[];
  /**
   * Returns all files that the source must offer for these roles, except files of waiting media.
   */
  files(roles: readonly Role[]): readonly ExpectedFile[];
  /** The ids of five media. Each name says what is special about its medium. */
  readonly notReady: string;
  readonly unavailable: string;
  readonly proxiesOnly: string;
  readonly edit: string;
  readonly plain: string;
  /** Downloads an offered URL and returns its SHA-256. */
  sha256(url: string): Promise<string>;
  remove(mediaId: string): void;
  add(): void;
  /** From now on the source refuses the credentials, or accepts them again. */
  expire(): void;
  /** From now on every request fails, as in an outage. */
  breakDown(): void;
  /** From now on every listing reply, or every reply about one medium, has a wrong shape. */
  misshape(what: 'listing' | { readonly mediaId: string }): void;
  /** From now on the source refuses one medium, although the credentials are good. */
  refuse(mediaId: string): void;
  /** Makes one page of the listing empty, although the library is not empty. */
  emptyPage(page: number): void;
}

/**
 * Runs the suite. `gaps` names tests that an adapter cannot pass, with the reason. These tests run
 * too and must fail, so that nobody overlooks a closed gap.
 */
export function sourceConformance(
  name: string,
  setup: () => Promise<SourceStage>,
  gaps: Readonly<Record<string, string>> = {},
): void {
  describe(`${name} as a source`, () => {
    let stage: SourceStage;
    const unknownGaps = new Set(Object.keys(gaps));
    const must = (what: string, check: () => Promise<void>): void => {
      const reason = gaps[what];
      unknownGaps.delete(what);
      if (reason === undefined) test(what, check);
      else test.fails(`${what} (gap: ${reason})`, check);
    };

    beforeEach(async () => {
      stage = await setup();
    });
    afterEach(async () => stage[Symbol.asyncDispose]());

    validation(must, () => stage);
    listing(must, () => stage);
    oneMedium(must, () => stage);
    resolving(must, () => stage);
    resolvingFailures(must, () => stage);

    test('every gap names a case of the suite', () => {
      expect([...unknownGaps]).toEqual([]);
    });
  });
}

type Must = (what: string, check: () => Promise<void>) => void;
type StageNow = () => SourceStage;

function validation(must: Must, stage: StageNow): void {
  must('a source accepts good credentials on every call', async () => {
    await stage().source.validate();
    await stage().source.validate();
    expect(stage().source.account).not.toBe('');
  });

  must('a source reports refused credentials', async () => {
    stage().expire();
    await expect(stage().source.validate()).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED', decision: 'stop' });
  });

  must('a source reports an outage', async () => {
    stage().breakDown();
    await expect(stage().source.validate()).rejects.toMatchObject({ code: 'PROVIDER_DOWN', decision: 'stop' });
  });

  must('an aborted signal rejects every method with its reason', async () => {
    const { source, plain } = stage();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(source.validate(signal)).rejects.toBe(reason);
    await expect(source.get(plain, signal)).rejects.toBe(reason);
    await expect(source.resolve(plain, alwaysRoles, signal)).rejects.toBe(reason);
    await expect(pagesOf(source.list(1, signal))).rejects.toBe(reason);
  });
}

function listing(must: Must, stage: StageNow): void {
  must('a source lists every medium once, newest first, up to the last page', async () => {
    const pages = await pagesOf(stage().source.list(1));
    expect(pages.flatMap(({ media }) => media.map(({ id }) => id))).toEqual(stage().ids());
    expect(pages.map(({ page }) => page)).toEqual(pages.map((_, index) => index + 1));
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) {
      expect(page).toMatchObject({ totalPages: pages.length, totalItems: stage().ids().length, unreadable: 0 });
      for (const medium of page.media)
        expect(medium).toMatchObject({ provider: stage().source.provider, account: stage().source.account });
    }
  });

  must('a listing starts at the requested page', async () => {
    const [, ...rest] = await pagesOf(stage().source.list(1));
    expect(await pagesOf(stage().source.list(2))).toEqual(rest);
  });

  must('a source says which media are not ready', async () => {
    const media = await listed(stage().source);
    expect(media.get(stage().notReady)?.ready).toBe(false);
    expect(media.get(stage().plain)?.ready).toBe(true);
  });

  must('a listing yields an empty page in the middle and then the next pages', async () => {
    stage().emptyPage(2);
    const pages = await pagesOf(stage().source.list(1));
    expect(pages[1]?.media).toEqual([]);
    expect(pages.length).toBeGreaterThan(2);
  });

  must('a listing reads the totals anew on each page', async () => {
    const before = stage().ids().length;
    const totals: number[] = [];
    for await (const page of stage().source.list(1)) {
      totals.push(page.totalItems);
      if (totals.length === 1) stage().add();
    }
    expect(totals.slice(0, 2)).toEqual([before, before + 1]);
  });

  must('a listing stops in the middle when the credentials are refused', async () => {
    const pages = stage().source.list(1)[Symbol.asyncIterator]();
    await pages.next();
    stage().expire();
    await expect(pages.next()).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' });
  });

  must('a source distinguishes a misshapen listing from an empty one', async () => {
    stage().misshape('listing');
    await expect(pagesOf(stage().source.list(1))).rejects.toMatchObject({ code: 'PROVIDER_CHANGED', decision: 'stop' });
  });

  must('a source reports an outage during a listing', async () => {
    stage().breakDown();
    await expect(pagesOf(stage().source.list(1))).rejects.toMatchObject({ code: 'PROVIDER_DOWN' });
  });
}

function oneMedium(must: Must, stage: StageNow): void {
  must('`get` shows a medium as the listing does', async () => {
    const media = await listed(stage().source);
    for (const id of [stage().plain, stage().notReady, stage().edit]) expect(await stage().source.get(id)).toEqual(media.get(id));
  });

  must('`get` returns undefined for a medium that is gone or never existed', async () => {
    stage().remove(stage().plain);
    expect(await stage().source.get(stage().plain)).toBeUndefined();
    expect(await stage().source.get('never-was')).toBeUndefined();
  });
}

function resolving(must: Must, stage: StageNow): void {
  for (const roles of [alwaysRoles, allRoles]) {
    must(`a source offers every original in ${roles.join(', ')} and nothing else, bit for bit`, async () => {
      const offered: string[] = [];
      for (const { id, ready } of (await listed(stage().source)).values()) {
        // Skips media in processing. They may offer URLs already, but a run resolves only ready
        // media.
        if (!ready) continue;
        for (const original of (await stage().source.resolve(id, roles)).originals) {
          expect(original).toMatchObject({ mediaId: id, extension: expect.stringMatching(/^[a-z0-9]+$/) });
          offered.push(`${id} ${original.role} ${await stage().sha256(original.url)}`);
        }
      }
      const expected = stage().files(roles);
      const wanted = await Promise.all(expected.map(async ({ mediaId, role, sha256 }) => `${mediaId} ${role} ${await sha256()}`));
      expect(offered.toSorted()).toEqual(wanted.toSorted());
    });
  }

  must('a source gives a file the same identity each time, and gives no two files the same identity', async () => {
    const identities = new Set<string>();
    for (const id of stage().ids()) {
      const first = await stage().source.resolve(id, allRoles);
      const second = await stage().source.resolve(id, allRoles);
      expect(second.originals.map(identityOf)).toEqual(first.originals.map(identityOf));
      for (const original of first.originals) {
        expect(identities).not.toContain(identityOf(original));
        identities.add(identityOf(original));
      }
    }
  });

  must('a source counts an original that is not available', async () => {
    const resolution = await stage().source.resolve(stage().unavailable, alwaysRoles);
    expect(resolution).toMatchObject({ originals: [], unavailable: 1, outOfScope: false });
  });

  must('a source offers no proxy of a medium that has nothing else', async () => {
    const resolution = await stage().source.resolve(stage().proxiesOnly, allRoles);
    expect(resolution).toEqual({ originals: [], unavailable: 0, outOfScope: false });
  });

  must('a source distinguishes a medium with only unrequested edits from a medium without originals', async () => {
    const resolution = await stage().source.resolve(stage().edit, alwaysRoles);
    expect(resolution).toEqual({ originals: [], unavailable: 0, outOfScope: true });
  });
}

function resolvingFailures(must: Must, stage: StageNow): void {
  must('a source reports a medium that is gone', async () => {
    stage().remove(stage().plain);
    await expect(stage().source.resolve(stage().plain, alwaysRoles)).rejects.toMatchObject({
      code: 'SOURCE_GONE',
      decision: 'fail',
    });
  });

  must('a source fails a refused medium without stopping the run', async () => {
    stage().refuse(stage().plain);
    await expect(stage().source.resolve(stage().plain, alwaysRoles)).rejects.toMatchObject({
      code: 'API_REFUSED',
      decision: 'retry',
    });
    await expect(stage().source.resolve(stage().edit, allRoles)).resolves.toMatchObject({ unavailable: 0 });
  });

  must('a source fails a medium with a misshapen reply without stopping the run', async () => {
    stage().misshape({ mediaId: stage().plain });
    await expect(stage().source.resolve(stage().plain, alwaysRoles)).rejects.toMatchObject({ code: 'API_REFUSED' });
  });

  must('a source distinguishes refused credentials from a refused medium', async () => {
    stage().expire();
    await expect(stage().source.resolve(stage().plain, alwaysRoles)).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' });
  });

  must('a source distinguishes an outage from a refused medium', async () => {
    stage().breakDown();
    await expect(stage().source.resolve(stage().plain, alwaysRoles)).rejects.toMatchObject({ code: 'PROVIDER_DOWN' });
  });
}

async function pagesOf(listing: AsyncIterable<ListingPage>): Promise<ListingPage[]> {
  const pages: ListingPage[] = [];
  for await (const page of listing) pages.push(page);
  return pages;
}

async function listed(source: Source): Promise<Map<string, Medium>> {
  const pages = await pagesOf(source.list(1));
  return new Map(pages.flatMap(({ media }) => media.map((medium) => [medium.id, medium] as const)));
}

function identityOf(original: OriginalIdentity): string {
  return originalId(original, 1);
}
