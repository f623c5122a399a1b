import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import type { S3Capabilities } from '../../destination/s3/index.ts';
import { systemErrorCode } from '../../lib/files/system-error.ts';
import { formatBytes } from '../../report/figures.ts';
import { identifyArchive } from '../archive/open-archive.ts';
import { openDestination, openS3Destination } from '../archive/open-destination.ts';
import { readKnownArchives } from '../archive/known-archives.ts';
import { locationOf, parsePlace } from '../archive/archive-place.ts';
import { check, type Finding } from './finding.ts';
import { refusalOfWrites } from './refusal.ts';

type Found = Omit<Finding, 'subject'>;

/** If less space than this is free, one long recording may not fit. */
const minFreeBytes = 20 * 1024 ** 3;

/** Checks the archive's id, permissions and free space, and the capabilities of its store. */
export async function checkDestination(config: Config): Promise<readonly Finding[]> {
  return check('destination', async () => {
    const findings: Found[] = [];
    const warn = (message: string) => void findings.push({ level: 'warn', message });
    const place = parsePlace(config.settings.to);
    const location = await locationOf(place, config.settings['s3-endpoint']);
    const known = readKnownArchives(config.home);
    const s3 = place.kind === 's3' ? await openS3Destination(place, config, warn) : undefined;
    const destination = s3 ?? (await openDestination(place, config, warn));
    try {
      const id = await identifyArchive(destination, { location, known, onWarning: warn });
      findings.unshift({
        level: 'ok',
        message:
          id === undefined
            ? `${destination.location} can be reached; the first \`sync\` makes an archive there`
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
    (error: unknown) => systemErrorCode(error) !== 'ENOENT',
  );
  const directory = exists ? path : dirname(path);
  const refusal = await refusalOfWrites(directory);
  if (refusal !== undefined) {
    const advice = 'Create it or correct its permissions. Check that its disk is mounted and not read-only.';
    return [{ level: 'fail', message: `${directory} cannot be written to: ${refusal}`, advice }];
  }
  const freeBytes = exists ? await destination.freeBytes?.() : null;
  if (freeBytes === null || freeBytes === undefined) return [{ level: 'ok', message: `${directory} can be written to` }];
  const message = `${directory} can be written to; ${formatBytes(freeBytes)} are free`;
  return [
    freeBytes < minFreeBytes
      ? { level: 'warn', message, advice: 'Make room, or use another disk: one long recording can take 14 GB.' }
      : { level: 'ok', message },
  ];
}

const conditionalWrites: Readonly<Record<S3Capabilities['conditionalWrites'], Found>> = {
  honoured: { level: 'ok', message: 'the store never replaces an object (If-None-Match)' },
  ignored: {
    level: 'warn',
    message: 'the store ignores If-None-Match',
    advice: 'Cloud Sync checks that a key is free before it writes. Let only one machine write to this archive.',
  },
  rejected: {
    level: 'warn',
    message: 'the store rejects If-None-Match',
    advice: 'Cloud Sync checks that a key is free before it writes. Let only one machine write to this archive.',
  },
};

/** Describes what the store can do. */
function describeCapabilities({
  conditionalWrites: condition,
  conditionalReplacement,
  verifiesHeaders,
  verifiesTrailers,
  verifiesUploads,
  mpuObjectSize,
  tags,
}: S3Capabilities): readonly Found[] {
  const readBack = 'Cloud Sync reads each stored object back, and keeps its checksum under `.cloud-sync/records/`.';
  const findings: (Found | undefined)[] = [
    conditionalWrites[condition],
    conditionalReplacement
      ? undefined
      : {
          level: 'warn',
          message: 'the store cannot hold the lease of a run (If-Match)',
          advice: 'Let only one machine write to this archive.',
        },
    verifiesHeaders && verifiesTrailers
      ? { level: 'ok', message: 'the store refuses bytes that differ from their checksum' }
      : { level: 'warn', message: 'the store does not check the checksum of received bytes', advice: readBack },
    verifiesUploads
      ? undefined
      : { level: 'warn', message: 'the store does not check and keep the checksum of a whole large object', advice: readBack },
    !mpuObjectSize
      ? { level: 'warn', message: 'the store does not check the size of a large object', advice: readBack }
      : undefined,
    !tags
      ? {
          level: 'warn',
          message: 'the store refuses tags',
          advice: 'Files are archived without tags. Allow s3:PutObjectTagging if you want tags.',
        }
      : undefined,
  ];
  return findings.filter((finding) => finding !== undefined);
}
