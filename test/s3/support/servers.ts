/** S3 servers that this project did not write, run on loopback for one test file. */
import { join } from 'node:path';
import { cache, startProgram, type ForeignProgram } from '../../support/foreign-program.ts';
import { ministack } from '../../support/ministack.ts';

export interface ForeignServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const serverNames = ['versitygw', 'ministack'] as const;

export type ServerName = (typeof serverNames)[number];

/** The credentials of a server's user. */
export type Credentials = Pick<ForeignServer, 'accessKeyId' | 'secretAccessKey'>;

const tester: Credentials = { accessKeyId: 'cloud-sync-tests', secretAccessKey: 'not-a-secret-only-for-loopback' };

const programs: Readonly<Record<ServerName, (credentials: Credentials) => ForeignProgram>> = {
  versitygw: ({ accessKeyId, secretAccessKey }) => ({
    name: 'versitygw',
    install: ['tools/install-s3-servers.sh', 'versitygw'],
    file: join(cache, 's3-servers/versitygw-1.8.0/versitygw'),
    // The server keeps metadata in `sidecar`, because some temporary folders have no extended
    // attributes.
    folders: ['data', 'sidecar'],
    arguments: (port, folder) => [
      '--port',
      `127.0.0.1:${port}`,
      '--quiet',
      '--keep-alive',
      'posix',
      '--sidecar',
      join(folder, 'sidecar'),
      join(folder, 'data'),
    ],
    environment: () => ({ ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }),
  }),
  ministack: () => ministack({ services: ['s3'] }),
};

/** Installs a server if it is missing and starts it. Disposing ends it and removes its data. */
export async function startServer(name: ServerName, credentials = tester): Promise<ForeignServer> {
  const { endpoint, [Symbol.asyncDispose]: end } = await startProgram(programs[name](credentials));
  return { endpoint, region: 'us-east-1', ...credentials, [Symbol.asyncDispose]: end };
}
