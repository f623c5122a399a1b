/**
 * Sends every connection to a host of AWS to this machine. `node --import` loads this file into the
 * process of the command line.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

type Lookup = (host: string, options: object, callback: (...args: unknown[]) => void) => void;

const lookup = dns.lookup as unknown as Lookup;
const redirected: Lookup = (host, options, callback) =>
  lookup(host.endsWith('.amazonaws.com') ? '127.0.0.1' : host, options, callback);
Object.assign(dns, { lookup: redirected });
syncBuiltinESMExports();
