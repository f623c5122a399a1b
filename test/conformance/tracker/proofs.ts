import { expect } from 'vitest';
import { noEvidence, type Evidence, type Original, type Proof } from '../../../src/media.ts';
import type { Selection, Tracker } from '../../../src/tracker/tracker.ts';
import { described, original } from '../../support/builders.ts';
import { collect, each } from '../../support/collect.ts';
import { archive, claimed, failure, idOf, listAll, openIds, resolve, upload, usual, whole, type Check } from './fixtures.ts';

const claim = 's3-etag:00112233445566778899aabbccddeeff-3';
const otherClaim = 's3-etag:ffeeddccbbaa99887766554433221100-3';
/** The ETag of `claim`. */
const etag = '"00112233445566778899aabbccddeeff-3"';

const proven: Evidence = { claim, proof: 'proven', claimPartBytes: 8 * 1024 * 1024 };
const disputed: Evidence = { claim, proof: 'disputed', claimPartBytes: null };
const unclaimed: Evidence = { claim: 'none', proof: 'none', claimPartBytes: null };

async function rowOf(tracker: Tracker, file: Original) {
  return (await tracker.originals(file.mediaId)).find(({ id }) => id === idOf(file))!;
}

async function archiveWith(tracker: Tracker, mediaId: string, evidence: Evidence | undefined, file = original(mediaId)) {
  await resolve(tracker, mediaId, [file]);
  await tracker.complete(await claimed(tracker, file), { ...whole, ...(evidence && { evidence }) });
}

async function selected(tracker: Tracker, ...selections: readonly Selection[]): Promise<string[]> {
  const rows = await collect(tracker.rows(selections));
  return rows.flatMap(({ originals }) => originals.map((row) => row.original.mediaId)).toSorted();
}

/** Archives a file that `verify` finds SUSPECT, and a later revision that is not archived yet. */
async function suspectWithRevision(tracker: Tracker): Promise<{ readonly first: Original; readonly second: Original }> {
  const [first, second] = [original('m1'), original('m1', { revision: 2 })];
  await archiveWith(tracker, 'm1', { ...proven, proof: 'unchecked' });
  await tracker.setMark(idOf(first), 'SUSPECT');
  await resolve(tracker, 'm1', [first, second]);
  return { first, second };
}

export function proofTests(check: Check): void {
  check('an archived original keeps its claim, its proof and the time of its last check', async ({ tracker, clock, second }) => {
    await archiveWith(tracker, 'm1', proven);
    const archivedAt = new Date(clock.now()).toISOString();
    expect(await rowOf(await second(), original('m1'))).toMatchObject({ ...proven, mismatch: null, checkedAt: archivedAt });
    clock.advance(1000);
    await tracker.recordCheck(idOf(original('m1')), { mark: null, hasReadBytes: false });
    expect(await rowOf(tracker, original('m1'))).toMatchObject({ ...proven, checkedAt: archivedAt });
    await tracker.recordCheck(idOf(original('m1')), { mark: null, evidence: unclaimed, hasReadBytes: true });
    const checkedAt = new Date(clock.now()).toISOString();
    expect(await rowOf(tracker, original('m1'))).toMatchObject({ ...unclaimed, checkedAt, archivedAt, status: 'COMPLETED' });
  });

  check(
    'without a claim, a file is `unchecked` if its ETag has the form of a claim, and otherwise `none`',
    async ({ tracker }) => {
      for (const evidence of [undefined, noEvidence]) {
        const id = evidence ? 'not asked' : 'not said';
        await archiveWith(tracker, `${id}, plain`, evidence);
        const file = original(`${id}, claim`);
        await resolve(tracker, file.mediaId, [file]);
        const validator = { etag, lastModified: null };
        await tracker.complete(await claimed(tracker, file), { ...whole, validator, ...(evidence && { evidence }) });
        expect(await rowOf(tracker, original(`${id}, plain`))).toMatchObject({ claim: null, proof: 'none' });
        expect(await rowOf(tracker, file)).toMatchObject({ claim: null, proof: 'unchecked', claimPartBytes: null });
      }
      await tracker.adopt(each([described(original('adopted'), { validator: { etag, lastModified: null } })]));
      expect(await rowOf(tracker, original('adopted'))).toMatchObject({ claim: null, proof: 'unchecked', checkedAt: null });
    },
  );

  check('an original that is not archived has no proof, and an intent has the proof of its bytes', async ({ tracker }) => {
    await resolve(tracker, 'm1', [original('m1')]);
    expect(await rowOf(tracker, original('m1'))).toMatchObject({ claim: null, proof: null });
    await tracker.recordIntent(await claimed(tracker, original('m1')), { ...whole, evidence: proven });
    expect(await tracker.intents()).toMatchObject([proven]);
    await tracker.completeIntent(idOf(original('m1')));
    expect(await rowOf(tracker, original('m1'))).toMatchObject({ status: 'COMPLETED', ...proven });
  });

  check('bytes that contradict a claim are dropped with their upload, and their checksum is kept', async ({ tracker }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    const first = await claimed(tracker, file);
    await tracker.saveUpload(first, upload);
    await tracker.savePart(first, { number: 1, sizeBytes: 400, crc32: 1, receipt: '' });
    await tracker.recordIntent(first, { ...whole, evidence: proven });
    await tracker.recordMismatch(first, { crc32: 7, claim });
    expect(await tracker.upload(idOf(file))).toBeUndefined();
    expect([await tracker.intents(), await tracker.uploads()]).toEqual([[], []]);
    await tracker.release(first);
    expect(await rowOf(tracker, file)).toMatchObject({ status: 'PENDING', claim, mismatch: 7 });
    const again = await claimed(tracker, file);
    await tracker.fail(again, { ...failure, code: 'CLAIM_MISMATCH' });
    expect(await rowOf(tracker, file)).toMatchObject({ status: 'FAILED', claim, mismatch: 7 });
    const moved = await tracker.rekey(await claimed(tracker, file), original('m1', { revision: 2 }));
    expect(moved.tracked).toMatchObject({ claim: null, proof: null, mismatch: null });
    await tracker.recordMismatch(moved.claim, { crc32: 8, claim });
    await tracker.complete(moved.claim, { ...whole, evidence: disputed });
    expect((await tracker.originals('m1'))[0]).toMatchObject({ ...disputed, mismatch: null });
    await expect(tracker.recordMismatch(first, { crc32: 9, claim })).rejects.toThrow();
  });

  check('a repair whose bytes contradict another claim keeps the archived file, which was not compared', async ({ tracker }) => {
    const file = original('m1');
    await archiveWith(tracker, 'm1', proven);
    await tracker.setMark(idOf(file), 'DAMAGED');
    const { crc32 } = whole;
    const repair = await claimed(tracker, file);
    await tracker.recordMismatch(repair, { crc32: 7, claim });
    expect(await rowOf(tracker, file)).toMatchObject({ ...proven, status: 'COMPLETED', mark: 'DAMAGED', crc32, mismatch: 7 });
    await tracker.recordMismatch(repair, { crc32: 7, claim: otherClaim });
    const unchecked = { claim: otherClaim, proof: 'unchecked', claimPartBytes: null };
    expect(await rowOf(tracker, file)).toMatchObject({ ...unchecked, status: 'COMPLETED', crc32, mismatch: 7 });
  });

  check('a SUSPECT file is fetched again, and is LOST if its medium is gone', async ({ tracker }) => {
    const file = original('m1');
    await archiveWith(tracker, 'm1', { ...proven, proof: 'unchecked' });
    const suspect = { mark: 'SUSPECT', hasReadBytes: true } as const;
    expect(await tracker.recordCheck(idOf(file), suspect)).toBe('SUSPECT');
    expect(await openIds(tracker)).toEqual(['m1']);
    expect(await selected(tracker, 'SUSPECT')).toEqual(['m1']);
    expect(await tracker.tally(usual)).toMatchObject({ unsound: 1, marked: 1, lost: 0, archivedBytes: 0 });
    await claimed(tracker, file, 'killed');
    await tracker.beginRun('next', 'sync');
    const repair = await claimed(tracker, file, 'next');
    await tracker.recordCheck(idOf(file), { mark: null, evidence: disputed, hasReadBytes: false });
    await expect(tracker.release(repair)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await rowOf(tracker, file)).toMatchObject({ mark: null, ...disputed, owner: null });
    expect(await openIds(tracker)).toEqual([]);
    await tracker.recordCheck(idOf(file), suspect);
    await listAll(tracker, 'gone', []);
    expect(await tracker.tally(usual)).toMatchObject({ lost: 1, marked: 0 });
    expect(await selected(tracker, 'LOST')).toEqual(['m1']);
    expect(await tracker.accept([file.key])).toEqual({ accepted: 1, refused: [] });
    expect(await tracker.tally(usual)).toMatchObject({ lost: 0, accepted: 1 });
    expect(await selected(tracker, 'ACCEPTED')).toEqual(['m1']);
    expect(await tracker.retry()).toBe(1);
    expect(await tracker.tally(usual)).toMatchObject({ lost: 1, accepted: 0 });
  });

  check('a SUSPECT file is SUPERSEDED as soon as other bytes with its claim are archived', async ({ tracker }) => {
    const { first, second } = await suspectWithRevision(tracker);
    await tracker.fail(await claimed(tracker, second), failure);
    expect(await tracker.tally(usual)).toMatchObject({ marked: 0, originals: { COMPLETED: 1, FAILED: 1 } });
    await tracker.complete(await claimed(tracker, second), { ...whole, crc32: 5, evidence: proven });
    expect((await rowOf(tracker, first)).mark).toBe('SUPERSEDED');
    expect(await tracker.tally(usual)).toMatchObject({ marked: 0, lost: 0, unsound: 1, proofs: { proven: 1 } });
    expect(await tracker.setMark(idOf(first), 'SUSPECT')).toBe('SUPERSEDED');
  });

  check('a SUSPECT file is LOST if a later revision archives other content of the source', async ({ tracker }) => {
    const { first, second } = await suspectWithRevision(tracker);
    const other = { ...proven, claim: otherClaim };
    await tracker.complete(await claimed(tracker, second), { ...whole, crc32: 5, evidence: other });
    expect((await rowOf(tracker, first)).mark).toBe('SUSPECT');
    expect(await tracker.tally(usual)).toMatchObject({ marked: 0, lost: 1 });
  });

  check('the bytes of a SUSPECT file are right if a later revision proves them with another claim', async ({ tracker }) => {
    const { first, second } = await suspectWithRevision(tracker);
    await tracker.complete(await claimed(tracker, second), { ...whole, evidence: { ...proven, claim: otherClaim } });
    expect((await rowOf(tracker, first)).mark).toBe('SUPERSEDED');
  });

  check('a file with any mark is SUPERSEDED as soon as its claim proves other bytes', async ({ tracker }) => {
    for (const mark of ['MISSING', 'DAMAGED', 'SUSPECT'] as const) {
      for (const [how, said] of Object.entries({ asked: { ...proven, proof: 'unchecked' } as const, 'not asked': undefined })) {
        const [first, second] = [original(`${mark} ${how}`), original(`${mark} ${how}`, { revision: 2 })];
        await resolve(tracker, first.mediaId, [first]);
        const content = { ...whole, validator: { etag, lastModified: null }, ...(said && { evidence: said }) };
        await tracker.complete(await claimed(tracker, first), content);
        await tracker.setMark(idOf(first), mark);
        await resolve(tracker, first.mediaId, [first, second]);
        const other = { ...content, crc32: 5, evidence: { ...proven, proof: 'unchecked' } as const };
        await tracker.complete(await claimed(tracker, second), other);
        const before = mark === 'SUSPECT' ? 'SUPERSEDED' : mark;
        expect((await rowOf(tracker, first)).mark).toBe(before);
        await tracker.recordCheck(idOf(second), { mark: null, evidence: proven, hasReadBytes: true });
        expect(await tracker.tally(usual)).toMatchObject({ marked: 0, lost: 0 });
        expect(await tracker.setMark(idOf(first), mark)).toBe('SUPERSEDED');
      }
    }
  });

  check(
    'a MISSING file is LOST if a later revision archives other content, or bytes that nothing proves',
    async ({ tracker }) => {
      const other = { ...proven, claim: otherClaim };
      for (const [id, evidence] of Object.entries({ other, unproven: { ...proven, proof: 'disputed' } as const })) {
        const [first, second] = [original(id), original(id, { revision: 2 })];
        await archiveWith(tracker, id, proven, first);
        await tracker.setMark(idOf(first), 'MISSING');
        await resolve(tracker, id, [first, second]);
        await tracker.complete(await claimed(tracker, second), { ...whole, crc32: 5, evidence });
        expect((await rowOf(tracker, first)).mark).toBe('MISSING');
      }
      expect(await tracker.tally(usual)).toMatchObject({ marked: 0, lost: 2 });
    },
  );

  check('a disputed file can be accepted, and stays archived', async ({ tracker }) => {
    const { key } = original('m1');
    await archiveWith(tracker, 'm1', disputed);
    await archiveWith(tracker, 'm2', proven);
    const before = await tracker.tally(usual);
    expect(await tracker.accept([original('m2').key])).toEqual({ accepted: 0, refused: [original('m2').key] });
    expect(await tracker.accept([key])).toEqual({ accepted: 1, refused: [] });
    expect(await tracker.tally(usual)).toEqual(before);
    const [row] = (await collect(tracker.rows(['ACCEPTED'])))[0]!.originals;
    expect(row).toMatchObject({ original: { key }, lost: false, acceptedReason: expect.stringContaining(claim) });
    await tracker.recordCheck(idOf(original('m1')), {
      mark: null,
      evidence: { ...disputed, claim: otherClaim },
      hasReadBytes: true,
    });
    expect(await selected(tracker, 'ACCEPTED')).toEqual([]);
    expect(await tracker.accept(['m1'])).toEqual({ accepted: 1, refused: [] });
    expect(await tracker.retry()).toBe(1);
    expect(await selected(tracker, 'ACCEPTED')).toEqual([]);
    await tracker.vanish('m1', 'it answers 404');
    await tracker.accept([key]);
    expect(await tracker.tally(usual)).toMatchObject({ media: { SOURCE_DELETED: 1 }, accepted: 0, lost: 0 });
  });

  check('`rows` selects archived files by their proof', async ({ tracker }) => {
    await archiveWith(tracker, 'proven', proven);
    await archiveWith(tracker, 'disputed', disputed);
    await archiveWith(tracker, 'marked', disputed);
    await tracker.setMark(idOf(original('marked')), 'DAMAGED');
    await archiveWith(tracker, 'none', unclaimed);
    await archiveWith(tracker, 'unchecked', { ...proven, proof: 'unchecked' });
    await resolve(tracker, 'intended', [original('intended')]);
    await tracker.recordIntent(await claimed(tracker, original('intended')), { ...whole, evidence: disputed });
    const expected: Readonly<Record<Proof, readonly string[]>> = {
      proven: ['proven'],
      none: ['none'],
      unchecked: ['unchecked'],
      disputed: ['disputed', 'marked'],
    };
    for (const [proof, ids] of Object.entries(expected)) expect(await selected(tracker, `proof:${proof as Proof}`)).toEqual(ids);
    expect(await selected(tracker, 'proof:proven', 'proof:none', 'PENDING')).toEqual(['none', 'proven']);
  });

  check('the tally counts the files without a mark by proof, and the oldest time of their checks', async ({ tracker, clock }) => {
    expect(await tracker.tally(usual)).toMatchObject({ oldestReadAt: null, neverRead: 0 });
    await tracker.adopt(each([described(original('adopted'))]));
    expect(await tracker.tally(usual)).toMatchObject({ oldestReadAt: null, neverRead: 1, proofs: { none: 1 } });
    await archiveWith(tracker, 'old', proven);
    clock.advance(1000);
    const oldest = new Date(clock.now()).toISOString();
    await archive(tracker, 'unclaimed', [original('unclaimed'), original('unclaimed', { role: 'edit' })]);
    clock.advance(1000);
    await archiveWith(tracker, 'damaged', proven);
    await tracker.setMark(idOf(original('damaged')), 'DAMAGED');
    for (const id of ['old', 'adopted']) await tracker.recordCheck(idOf(original(id)), { mark: null, hasReadBytes: true });
    const { proofs, oldestReadAt, neverRead } = await tracker.tally(usual);
    expect({ proofs, oldestReadAt, neverRead }).toEqual({
      proofs: { proven: 1, none: 2, unchecked: 0, disputed: 0 },
      oldestReadAt: oldest,
      neverRead: 0,
    });
    expect(await tracker.tally(usual, () => true)).toEqual(await tracker.tally(usual));
  });

  check('adoption keeps what the archive says of a claim and its proof', async ({ tracker }) => {
    const known = original('known');
    await resolve(tracker, 'known', [known]);
    await tracker.adopt(each([described(original('new'), { evidence: disputed }), described(known, { evidence: proven })]));
    expect(await rowOf(tracker, original('new'))).toMatchObject({ ...disputed, checkedAt: null, archivedAt: null });
    expect(await rowOf(tracker, known)).toMatchObject({ ...proven, status: 'COMPLETED', checkedAt: null });
  });

  check('a part keeps its digests', async ({ tracker, second }) => {
    await resolve(tracker, 'm1', [original('m1')]);
    const claim = await claimed(tracker, original('m1'));
    const state = { ...upload, claimPartSizes: [0, 8 * 1024 * 1024] };
    const parts = [1, 2].map((number) => ({ number, sizeBytes: 400, crc32: number, receipt: '', digests: `digests ${number}` }));
    await tracker.saveUpload(claim, state);
    for (const part of parts) await tracker.savePart(claim, part);
    await tracker.savePart(claim, { number: 3, sizeBytes: 400, crc32: 3, receipt: '', digests: '' });
    expect(await (await second()).upload(idOf(original('m1')))).toEqual({
      state,
      parts: [...parts, { number: 3, sizeBytes: 400, crc32: 3, receipt: '' }],
    });
  });
}
