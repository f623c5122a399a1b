/**
 * Sends every TLS connection to GoPro to the port GOPRO_TLS_PORT of this machine. `node --import`
 * loads this file into the process of the command line.
 */
import { syncBuiltinESMExports } from 'node:module';
import tls, { type ConnectionOptions } from 'node:tls';

const { connect } = tls;
Object.assign(tls, {
  connect: (options: ConnectionOptions) =>
    options.host?.toLowerCase() === 'api.gopro.com'
      ? connect({ ...options, host: '127.0.0.1', port: Number(process.env['GOPRO_TLS_PORT']) })
      : connect(options),
});
syncBuiltinESMExports();
