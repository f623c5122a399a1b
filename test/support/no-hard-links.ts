/** Makes every hard link fail in the process of the command line, with `node --import`. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.promises.link = async () => {
  throw Object.assign(new Error('EPERM: simulated, link'), { code: 'EPERM', syscall: 'link' });
};
syncBuiltinESMExports();
