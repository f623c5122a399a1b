/**
 * Appends the target of every connection to the file CONNECTION_LOG, one `host:port` a line.
 * `node --import` loads this file into the process of the command line.
 */
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';

type Connect = (this: Socket, ...args: unknown[]) => Socket;

const log = process.env['CONNECTION_LOG'] ?? '';
const prototype = Socket.prototype as unknown as { connect: Connect };
const { connect } = prototype;
const recorded: Connect = function (...args) {
  const [first] = args.flat();
  const { host, port } = first as { readonly host?: string; readonly port?: number };
  appendFileSync(log, `${host}:${port}\n`);
  return connect.apply(this, args);
};
prototype.connect = recorded;
