import type { Command } from '../measure.ts';
import type { Sink, Source } from '../servers.ts';

export type Target = { readonly kind: 'directory'; readonly path: string } | { readonly kind: 's3'; readonly sink: Sink };

/** The job to copy all files of a source to a target. */
export interface Job {
  readonly source: Source;
  readonly to: Target;
  /** The number of parallel transfers, or of parallel parts if the tool counts parts. */
  readonly connections: number;
  /** The tool's own folder. It is empty at first and is kept when a killed job continues. */
  readonly scratch: string;
  /** A connection is closed after this time of silence. Undefined means the tool's default. */
  readonly maxSilenceSeconds?: number;
  /** The certificate of both servers, which the tool must trust. Undefined means plain HTTP. */
  readonly certPath: string | undefined;
}

/** A job for a tool that uses the source's API instead of a list of addresses. */
export type CloudJob = Omit<Job, 'source'> & { readonly source: Pick<Source, 'url'> };

/** A tool that lists a media cloud itself. */
export interface CloudTool extends Tool {
  command(job: CloudJob): Command | undefined;
}

/** A job that copies the files of an archive back into a folder. */
export interface RestoreJob extends Pick<Job, 'connections' | 'scratch' | 'certPath'> {
  /** The archive. */
  readonly from: Target;
  readonly into: string;
}

/** A tool that can read an archive of Cloud Sync. */
export interface Restorer extends Pick<Tool, 'name' | 'version' | 'verifiesInDirectory'> {
  restore(job: RestoreJob): Command;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** How the tool verifies the bytes in a directory. On S3, the sink counts checksums instead. */
  readonly verifiesInDirectory: string;
  /** Returns undefined if the tool cannot do the job. The same command continues a killed job. */
  command(job: Job): Command | undefined;
}

/** Credentials for the S3 clients. The sink does not check credentials. */
export const s3Credentials = {
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;
