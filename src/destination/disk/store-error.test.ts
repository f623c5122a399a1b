import { expect, test } from 'vitest';
import { SyncError, type ErrorCode } from '../../errors.ts';
import { storeError } from './store-error.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'write', path: '/archive/file' });
}

const cases: readonly [string, ErrorCode][] = [
  ['ENOSPC', 'DESTINATION_FULL'],
  ['EDQUOT', 'DESTINATION_FULL'],
  ['EACCES', 'DESTINATION_UNUSABLE'],
  ['EPERM', 'DESTINATION_UNUSABLE'],
  ['EROFS', 'DESTINATION_UNUSABLE'],
  ['ENOENT', 'DESTINATION_UNUSABLE'],
  ['ENOTDIR', 'DESTINATION_UNUSABLE'],
  ['ELOOP', 'DESTINATION_UNUSABLE'],
  ['EXDEV', 'DESTINATION_UNUSABLE'],
  ['EFBIG', 'TOO_LARGE'],
  ['ENAMETOOLONG', 'STORE_REFUSED'],
  ['EILSEQ', 'STORE_REFUSED'],
  ['ENOTSUP', 'STORE_REFUSED'],
  ['EMFILE', 'STORE_FAILED'],
  ['EIO', 'STORE_FAILED'],
  ['ESOMETHING', 'STORE_FAILED'],
];

test.each(cases)('the system error %s becomes %s, and its message names the call, the path and the cause', (code, meaning) => {
  const error = storeError('/archive', systemError(code)) as SyncError;
  expect(error.code).toBe(meaning);
  expect(error.message).toMatch(new RegExp(`^cannot write /archive/file(: [^()]+)? \\(${code}\\)$`));
  expect(error.cause).toBeInstanceOf(Error);
  if (code !== 'ESOMETHING') expect(error.hint).toBeTruthy();
});

test.each([
  [-122, 'EDQUOT', 'DESTINATION_FULL'],
  [-116, 'ESTALE', 'DESTINATION_UNUSABLE'],
])('Node does not name the system error %i, but it becomes %s and %s', (errno, name, code) => {
  const unnamed = Object.assign(systemError(`Unknown system error ${errno}`), { errno });
  expect(storeError('/archive', unnamed)).toMatchObject({
    code,
    message: expect.stringMatching(`^cannot write /archive/file: .+ \\(${name}\\)$`),
  });
});

test('an error that does not come from a system call is returned unchanged', () => {
  const ours = new SyncError('KEY_TAKEN', 'taken');
  const bug = new TypeError('x is undefined');
  expect(storeError('/archive', ours)).toBe(ours);
  expect(storeError('/archive', bug)).toBe(bug);
});
