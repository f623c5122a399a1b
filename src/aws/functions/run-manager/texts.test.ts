import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../errors.ts';
import { renewHint } from '../../../source/gopro/credentials.ts';
import { stateErrorOf } from '../../state-error.ts';
import { summarise } from '../../../report/summary.ts';
import type { RunFinished } from '../../../events.ts';
import { stages } from '../../../config/stages.ts';
import type { Notice } from './credential-episodes.ts';
import { readCaught } from './caught.ts';
import {
  archiveLine,
  countsLine,
  expiryText,
  failureText,
  noticeSentences,
  noticeText,
  partialText,
  type Place,
} from './texts.ts';

const place: Place = { stage: 'prod', provider: 'gopro', secret: 'gopro/credentials', run: 'night-1' };

function finishedWith(files: Partial<RunFinished['files']> = {}): RunFinished {
  const finished = summarise({ runId: 'night-1', elapsedMs: 60_000 });
  return {
    ...finished,
    files: { ...finished.files, archived: 12, skipped: 300, ...files },
    bytes: { archived: 34e9, fetched: 0 },
  };
}

const problem = { since: '2026-11-21T03:20:00.000Z', name: 'gopro-videos/2026/11/GX010001__a.mp4', reason: 'too short' };

test('the text of a partial run has the number of files, the reasons and the next step', () => {
  const { subject, message } = partialText(finishedWith({ failed: 5, quarantined: 1 }), [problem], [], place);
  expect(subject).toBe('Cloud Sync: 6 files not archived, 12 archived');
  expect(message).toContain('12 files archived (34 GB), 300 archived before, 5 failed, 1 quarantined');
  expect(message).toContain('- gopro-videos/2026/11/GX010001__a.mp4: too short\n… and 5 more');
  expect(message).toContain('`cloud-sync aws failures`');
  expect(message).toMatch(/\n\nRun night-1$/);
});

test('the text of a run counts and explains disputed files', () => {
  const dispute = {
    since: '2026-11-21T03:20:00.000Z',
    name: 'a.mp4',
    reason: "archived, but no match with the cloud's own checksum",
  };
  const { subject, message } = partialText(finishedWith({ proven: 11, disputed: 1 }), [dispute], [], place);
  expect(subject).toBe('Cloud Sync: 1 file disputed, 12 archived');
  expect(message).toContain('12 files archived (34 GB, 11 proven), 300 archived before, 1 disputed.');
  expect(message).toMatch(
    /Disputed files came twice [^]*`cloud-sync aws failures` names them\.\n\n- a\.mp4: archived, but no match/,
  );
  expect(message).not.toContain('The next run');
});

test('the text of a run that reached its deadline says that the next run archives the rest', () => {
  const { message } = partialText(finishedWith({ pending: 40 }), [], [], place);
  expect(message).toContain('40 not reached.');
  expect(message).toContain('The next run archives them.');
  expect(message).not.toContain('aws failures');
});

test('the text of a run counts and explains lost files, and leaves no accepted file to the next run', () => {
  const lost = { since: '2026-11-01T03:20:00.000Z', name: 'a.mp4', reason: 'lost: the archived file is missing' };
  const { subject, message } = partialText(finishedWith({ lost: 2, accepted: 3 }), [lost], [], place);
  expect(subject).toBe('Cloud Sync: 2 files lost, 12 archived');
  expect(message).toContain('300 archived before, 2 lost, 3 accepted as they are.');
  expect(message).toMatch(
    /no longer in the cloud\. `cloud-sync aws failures` names them, `cloud-sync aws accept` accepts their loss\./,
  );
  expect(message).toContain('- a.mp4: lost: the archived file is missing\n… and 1 more');
  expect(message).not.toContain('The next run');
  const both = partialText(finishedWith({ failed: 1, lost: 1 }), [], [], place);
  expect(both.subject).toBe('Cloud Sync: 1 file not archived, 1 file lost, 12 archived');
  expect(both.message).toMatch(/1 failed, 1 lost\.[^]*The next runs try the failed files again[^]*aws accept`/);
});

test('the line about the whole archive names lost files', () => {
  expect(archiveLine(finishedWith({ failed: 1, lost: 2 }))).toBe('312 files in the archive, 1 not archived, 2 lost.');
});

test('a notification quotes an error of Cloud Sync without changes', () => {
  const Cause = 's3://bucket denies access. Allow s3:PutObject.';
  const { subject, message } = failureText(
    readCaught({ Error: 'DESTINATION_UNUSABLE', Cause }),
    '312 files in the archive.',
    place,
  );
  expect(subject).toBe('Cloud Sync: the run failed (DESTINATION_UNUSABLE): the destination is missing, read-only, or den...');
  expect(message).toBe(
    'The destination is missing, read-only, or denies access (DESTINATION_UNUSABLE): s3://bucket denies access. Allow s3:PutObject.\n\n' +
      '312 files in the archive.\n\nArchived files stay, and the next run continues where this one ended.\n\nRun night-1',
  );
});

test('the notification of a platform error explains the error', () => {
  const { message } = failureText(readCaught({ Error: 'States.ItemReaderFailed', Cause: '' }), undefined, place);
  expect(message).toMatch(
    /^The list of work lines in the bucket for runs could not be read \(States\.ItemReaderFailed\)\.\n\nStart another run/,
  );
  const quoted = failureText(readCaught({ Error: 'States.Timeout', Cause: 'after 300 s' }), undefined, place);
  expect(quoted.message).toMatch(/\(States\.Timeout\): after 300 s\.\n\n/);
});

test('every text about credentials has the command that renews the credentials', () => {
  const command = '`cloud-sync login gopro --to-secret gopro/credentials`';
  expect(failureText(readCaught({ Error: 'CREDENTIALS_MISSING', Cause: 'no secret' }), undefined, place).message).toContain(
    command,
  );
  expect(expiryText(undefined, place)).toMatchObject({
    subject: 'Cloud Sync: GoPro refuses the credentials',
    message: expect.stringContaining(command),
  });
  expect(expiryText('2026-11-01T03:15:00.000Z', place)).toMatchObject({
    subject: 'Cloud Sync: GoPro still refuses the credentials',
    message: expect.stringContaining('since 2026-11-01'),
  });
  expect(noticeText(['aged'], finishedWith(), 5.7, place)).toMatchObject({
    subject: 'Cloud Sync: the GoPro cookies are 5 days old',
    message: expect.stringContaining(command),
  });
});

test('the notice that credentials work again also has the result of the run', () => {
  const { subject, message } = noticeText(['recovered', 'aged'], finishedWith(), 9, place);
  expect(subject).toBe('Cloud Sync: the GoPro credentials work again');
  expect(message).toContain('cookies are 9 days old');
  expect(message).toContain(countsLine(finishedWith()));
});

test('the commands in the hint of a notification name the stage of the deployment', () => {
  const dev: Place = { ...place, stage: 'dev', secret: 'cloud-sync-dev-gopro/credentials' };
  expect(partialText(finishedWith({ failed: 1 }), [problem], [], dev).message).toMatch(
    /`cloud-sync aws failures --env dev`.*`cloud-sync aws retry --env dev`/,
  );
  expect(failureText(readCaught({ Error: 'Lambda.Unknown', Cause: '' }), undefined, dev).message).toContain(
    '`cloud-sync aws logs --env dev`',
  );
  expect(expiryText(undefined, dev).message).toContain('`cloud-sync login gopro --to-secret cloud-sync-dev-gopro/credentials`');
});

test('the login command in a failure text always names the secret', () => {
  const missing = new SyncError('CREDENTIALS_MISSING', 'The access token is empty', { hint: renewHint });
  const caught = readCaught(stateErrorOf(missing, place));
  expect(failureText(caught, undefined, place).message).not.toContain('login gopro`');
});

test('the subject of a notification names the stage `dev`', () => {
  expect(expiryText(undefined, { ...place, stage: 'dev' }).subject).toBe('Cloud Sync (dev): GoPro refuses the credentials');
});

describe('the limits of every notification', () => {
  const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'grapheme', maxLength: 400 }));
  const anyPlace = fc.record({
    stage: fc.constantFrom(...stages),
    provider: fc.constant('gopro' as const),
    secret: fc.constant('gopro/credentials'),
    run: fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme-ascii' }),
  });
  const problems = fc.array(fc.record({ since: fc.constant(''), name: anyText, reason: anyText }), { maxLength: 8 });
  const notices = fc.subarray<Notice>(['recovered', 'aged'], { minLength: 1 });

  test('a notification is small, and SNS accepts its subject', () => {
    fc.assert(
      fc.property(anyPlace, problems, notices, anyText, anyText, fc.nat(), (place, all, notices, name, Cause, failed) => {
        const finished = finishedWith({ failed, quarantined: failed, lost: failed, accepted: failed });
        const texts = [
          partialText(finished, all, noticeSentences(notices, 6, place), place),
          noticeText(notices, finished, 6, place),
          failureText(readCaught({ Error: name, Cause }), countsLine(finished), place),
          expiryText('2026-11-01T03:15:00.000Z', place),
        ];
        for (const { subject, message } of texts) {
          expect(subject).toMatch(/^Cloud Sync[\x20-\x7e]{1,89}$/);
          expect(Buffer.byteLength(message)).toBeLessThanOrEqual(850);
          expect(message.endsWith(`Run ${place.run}`)).toBe(true);
        }
      }),
    );
  });
});
