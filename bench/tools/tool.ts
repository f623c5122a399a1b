import type { Command } from '../measure.ts';
import type { Sink, Source } from '../servers.ts';

export type Target = { readonly kind: 'directory'; readonly path: string } | { readonly kind: 's3'; readonly sink: Sink };

/** Bring all files of a source to a target. */
export interface Job {
  readonly source: Source;
  readonly to: Target;
  /** Transfers or parts at once, whatever the tool counts. */
  readonly connections: number;
  /** A folder of the tool's own, empty at first, kept when an interrupted job goes on. */
  readonly scratch: string;
  /** After how much silence a connection is to be given up; undefined: as the tool thinks best. */
  readonly patienceSeconds?: number;
  /** The certificate of both servers, to be trusted; undefined for plain HTTP. */
  readonly certPath: string | undefined;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** How it makes sure that the bytes in a directory are those that were sent. For S3 the sink knows. */
  readonly verifiesInDirectory: string;
  /** undefined: cannot do that. The same command again goes on with what an interrupted one has left. */
  command(job: Job): Command | undefined;
}

/** What the S3 clients are told; the sink asks nobody to sign in. */
export const s3Credentials = {
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;
