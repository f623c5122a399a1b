/** The environment of a person who has a home of their own and no account at the cloud. */
import { join } from 'node:path';
import type { Place } from './places.ts';

/** Returns the environment, with the home in a folder, and with what the places need. */
export function ownEnvironment(folder: string, ...places: readonly Place[]): Record<string, string> {
  return {
    HOME: folder,
    TZ: 'UTC',
    CLOUD_SYNC_HOME: join(folder, 'home'),
    CLOUD_SYNC_STALL_TIMEOUT_MS: '5000',
    AWS_ACCESS_KEY_ID: 'AKIAE2E',
    AWS_SECRET_ACCESS_KEY: 'e2eSecretKeyThatNobodyMayEverSee',
    AWS_REGION: 'eu-west-3',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...Object.assign({}, ...places.map(({ environment }) => environment)),
  };
}
