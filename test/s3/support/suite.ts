/** All tests that run against one foreign S3 server. */
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { destinationConformance } from '../../conformance/destination.ts';
import { gapsOfS3 } from '../../conformance/destination/s3-gaps.ts';
import { openForeignPlace } from './foreign-place.ts';
import { archiveLife } from './life.ts';
import { mediaFaults } from './media-faults.ts';
import { runFaults } from './run-faults.ts';
import { startServer, type ForeignServer, type ServerName } from './servers.ts';
import { openStage } from './stage.ts';

/** Adds the tests. `gaps` gives the reason for each conformance case that this server fails. */
export function foreignServerSuite(name: ServerName, gaps: Readonly<Record<string, string>> = {}): void {
  let server: ForeignServer;

  // Limits each test to two minutes. The installation of the server may take longer.
  vi.setConfig({ testTimeout: 120_000 });

  beforeAll(async () => {
    server = await startServer(name);
    // The S3 adapter in this process reads these two variables. The command line gets its own
    // environment.
    vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretAccessKey);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server[Symbol.asyncDispose]();
  });

  const openPlace = async () => openForeignPlace(server);
  describe(`an archive on ${name}`, () => archiveLife(name, openPlace));
  describe(`faults of files on the way to ${name}`, () => mediaFaults(name, openPlace));
  describe(`faults of the API on the way to ${name}`, () => runFaults(name, openPlace));
  destinationConformance(name, async () => openStage(server), { ...gapsOfS3, ...gaps });
}
