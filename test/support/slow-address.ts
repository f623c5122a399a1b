/**
 * Makes the names under `slow.test` lead to two addresses. 127.0.0.1 accepts a connection only
 * after 600 ms, and ::1 refuses it. `node --import` can load this file into the process of the
 * command line.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

type Lookup = (host: string, options: { readonly all?: boolean }, callback: (...args: unknown[]) => void) => void;
type ConnectHandle = (this: unknown, request: unknown, address: string, port: number) => number;

const lookup = dns.lookup as unknown as Lookup;
const twoAddresses: Lookup = (host, options, callback) => {
  if (!host.endsWith('slow.test')) return lookup(host, options, callback);
  const all = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  return void setImmediate(() => (options.all ? callback(null, all) : callback(null, '127.0.0.1', 4)));
};
Object.assign(dns, { lookup: twoAddresses });
syncBuiltinESMExports();

// Node has no public way to delay a connection.
const node = process as unknown as {
  binding(name: string): { readonly TCP: { readonly prototype: { connect: ConnectHandle } } };
};
const { prototype } = node.binding('tcp_wrap').TCP;
const { connect } = prototype;
prototype.connect = function (...args) {
  setTimeout(() => connect.apply(this, args), 600);
  return 0;
};
