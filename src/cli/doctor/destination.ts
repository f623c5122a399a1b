import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import type { S3Capabilities } from '../../destination/s3/index.ts';
import { formatBytes } from '../../report/figures.ts';
import { standingArchive } from '../archive/archive.ts';
import { openDestination, openS3Place } from '../archive/destinations.ts';
import { readKnownArchives } from '../archive/known-archives.ts';
import { locationOf, parsePlace } from '../archive/place.ts';
import { check, type Finding } from './finding.ts';

type Found = Omit<Finding, 'subject'>;

/** Below this a single long recording may not fit. */
const littleSpaceBytes = 20 * 1024 ** 3;

/** Whether the archive can be reached and written, which one it is, how much room there is, and what the store can do. */
export async function checkDestination(config: Config): Promise<readonly Finding[]> {
  return check('destination', async () => {
    const findings: Found[] = [];
    const warn = (message: string) => void findings.push({ level: 'warn', message });
    const place = parsePlace(config.settings.to);
    const location = await locationOf(place, config.settings['s3-endpoint']);
    const known = await readKnownArchives(config.home);
    const s3 = place.kind === 's3' ? await openS3Place(place, config, warn) : undefined;
    const destination = s3 ?? (await openDestination(place, config, warn));
    try {
      const id = await standingArchive(destination, { location, known, home: config.home });
      findings.unshift({
        level: 'ok',
        message:
          id === undefined
            ? `${destination.location} can be reached; \`sync\` will make an archive there`
            : `${destination.location} is the archive ${id}`,
      });
      findings.push(...(place.kind === 'directory' ? await checkDirectory(place.path, destination) : []));
      if (s3) findings.push(...describeCapabilities(await s3.capabilities()));
    } finally {
      await destination.close();
    }
    return findings;
  });
}

async function checkDirectory(path: string, destination: Destination): Promise<readonly Found[]> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  const present = exists ? path : dirname(path);
  const writable = await access(present, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable)
    return [
      {
        level: 'fail',
        message: `${present} is missing or cannot be written to`,
        advice: 'Create it or correct its permissions; check whether its disk is mounted, and not read-only.',
      },
    ];
  const freeBytes = exists ? await destination.freeBytes?.() : null;
  if (freeBytes === null || freeBytes === undefined) return [{ level: 'ok', message: 'can be written to' }];
  const message = `can be written to; ${formatBytes(freeBytes)} are free`;
  return [
    freeBytes < littleSpaceBytes
      ? { level: 'warn', message, advice: 'Make room, or use another disk: one long recording can take 14 GB.' }
      : { level: 'ok', message },
  ];
}

const conditionalWrites: Readonly<Record<S3Capabilities['conditionalWrites'], Found>> = {
  honoured: { level: 'ok', message: 'the store never replaces an object (If-None-Match)' },
  ignored: {
    level: 'warn',
    message: 'the store ignores If-None-Match',
    advice: 'Cloud Sync looks before it publishes. Let only one machine write to this archive.',
  },
  rejected: {
    level: 'warn',
    message: 'the store rejects If-None-Match',
    advice: 'Cloud Sync looks before it publishes. Let only one machine write to this archive.',
  },
};

/** null means that the first large file will tell. */
function describeCapabilities({
  conditionalWrites: condition,
  trailers,
  fullObjectCrc32,
  mpuObjectSize,
  tags,
}: S3Capabilities): readonly Found[] {
  const readBack = 'Cloud Sync compares what the store shows afterwards instead.';
  const findings: (Found | undefined)[] = [
    conditionalWrites[condition],
    trailers
      ? { level: 'ok', message: 'it checks the checksum of what it receives' }
      : { level: 'warn', message: 'it does not check the checksum of what it receives', advice: readBack },
    fullObjectCrc32 === false
      ? {
          level: 'warn',
          message: 'it keeps no checksum of a whole large object',
          advice: 'Cloud Sync keeps it in a small object beside.',
        }
      : undefined,
    mpuObjectSize === false
      ? { level: 'warn', message: 'it does not check the size of a large object', advice: readBack }
      : undefined,
    tags === 'refused'
      ? {
          level: 'warn',
          message: 'it refuses tags',
          advice: 'Allow s3:PutObjectTagging if you want them; files are archived without.',
        }
      : undefined,
  ];
  return findings.filter((finding) => finding !== undefined);
}
