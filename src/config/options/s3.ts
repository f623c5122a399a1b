import { onStore } from './commands.ts';
import type { OptionSpec } from './spec.ts';

/** What the SDK accepts as the name of a region. */
export const regionShape = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** How to reach and use a store that speaks S3. */
export const s3Options = [
  {
    name: 's3-endpoint',
    type: 'url',
    metavar: 'URL',
    commands: [...onStore, 'archives move', 'archives remove'],
    advanced: true,
    help: 'Address of an S3-compatible store; default: AWS.',
  },
  {
    name: 's3-region',
    type: 'text',
    shape: regionShape,
    metavar: 'REGION',
    commands: [...onStore, 'archives list', 'archives move'],
    advanced: true,
    help: 'Region of the bucket; default: the AWS configuration of this machine.',
  },
  {
    name: 's3-path-style',
    type: 'flag',
    default: false,
    commands: [...onStore, 'archives list', 'archives move'],
    advanced: true,
    help: 'Put the bucket into the path, for stores that do not support bucket host names.',
  },
  {
    name: 's3-storage-class',
    type: 'text',
    metavar: 'CLASS',
    allowed: ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
    commands: ['sync', 'copy'],
    advanced: true,
    help: 'Storage class of new objects.',
  },
  {
    name: 's3-sse-kms-key',
    type: 'text',
    metavar: 'KEY',
    commands: ['sync', 'copy'],
    advanced: true,
    help: 'Id or ARN of the KMS key that encrypts new objects.',
  },
  {
    name: 's3-profile',
    type: 'text',
    metavar: 'NAME',
    commands: [...onStore, 'archives list', 'archives move'],
    advanced: true,
    help: 'Profile of the AWS files that has the credentials for the store; default: AWS_PROFILE.',
  },
  {
    name: 'from-s3-endpoint',
    type: 'url',
    metavar: 'URL',
    commands: ['copy'],
    advanced: true,
    help: 'Address of the store of --from; default: that of --to.',
  },
  {
    name: 'from-s3-region',
    type: 'text',
    shape: regionShape,
    metavar: 'REGION',
    commands: ['copy'],
    advanced: true,
    help: 'Region of the bucket of --from; default: that of --to.',
  },
  {
    name: 'from-s3-path-style',
    type: 'flag',
    default: false,
    commands: ['copy'],
    advanced: true,
    help: 'Put the bucket of --from into the path, also if that of --to is not.',
  },
  {
    name: 'from-s3-profile',
    type: 'text',
    metavar: 'NAME',
    commands: ['copy'],
    advanced: true,
    help: 'Profile with the credentials for the store of --from; default: that of --to.',
  },
] as const satisfies readonly OptionSpec[];
