import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import type { S3Destination, S3Options } from '../../destination/s3/index.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Place } from './archive-place.ts';

type S3Place = Extract<Place, { readonly kind: 's3' }>;

/**
 * Opens a place without creating anything. Loads only the adapter that the place needs, because
 * loading the AWS SDK takes longer than a run without work. Errors: USAGE, DESTINATION_UNUSABLE.
 */
export async function openDestination(place: Place, config: Config, onWarning: (message: string) => void): Promise<Destination> {
  const { hash } = config.settings;
  if (place.kind === 's3') {
    if (hash !== undefined)
      throw new SyncError('USAGE', '--hash works only for directories', {
        hint: 'Leave out --hash: S3 keeps a checksum of every object.',
      });
    return openS3Destination(place, config, onWarning);
  }
  const { openDisk } = await import('../../destination/disk/index.ts');
  return openDisk(place.path, { clock: systemClock, ...(hash === 'sha256' && { hash }) });
}

/** Opens a place like `openDestination`, but with the methods that only S3 has. */
export async function openS3Destination(
  { bucket, prefix }: S3Place,
  { settings, awsNetwork }: Config,
  onWarning: (message: string) => void,
): Promise<S3Destination> {
  const { openS3 } = await import('../../destination/s3/index.ts');
  const endpoint = settings['s3-endpoint'];
  const region = settings['s3-region'];
  const storageClass = settings['s3-storage-class'] as S3Options['storageClass'];
  const sseKmsKeyId = settings['s3-sse-kms-key'];
  const profile = settings['s3-profile'];
  return openS3({
    bucket,
    prefix,
    clock: systemClock,
    network: awsNetwork('archive'),
    stallMs: settings['stall-timeout-ms'],
    onWarning,
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    ...(settings['s3-path-style'] && { pathStyle: true }),
    ...(storageClass && { storageClass }),
    ...(sseKmsKeyId && { sseKmsKeyId }),
    ...(profile && { profile }),
  });
}
