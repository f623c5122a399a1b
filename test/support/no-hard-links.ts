/**
 * Makes every hard link fail. `node --import` loads this file into the process of the command line.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.promises.link = async () => {
  throw Object.assign(new Error('EPERM: simulated, link'), { code: 'EPERM', syscall: 'link' });
};
syncBuiltinESMExports();
