/**
 * Makes the process run as a user that the system does not know, as in many containers. `node
 * --import` loads this file into the process of the command line.
 */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

function fail(syscall: string): never {
  const message = `A system error occurred: ${syscall} returned ENOENT (no such file or directory)`;
  throw Object.assign(new Error(message), { name: 'SystemError', code: 'ERR_SYSTEM_ERROR', syscall });
}

Object.assign(os, {
  homedir: () => process.env['HOME'] ?? fail('uv_os_homedir'),
  userInfo: () => fail('uv_os_get_passwd'),
});
syncBuiltinESMExports();
