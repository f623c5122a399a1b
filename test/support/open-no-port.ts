/**
 * Makes every attempt to open a port fail. `node --import` loads this file into the process of the
 * command line.
 */
import { Server } from 'node:net';

Server.prototype.listen = () => {
  throw new Error('the process opens a port');
};
