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
    commands: onStore,
    advanced: true,
    help: 'Address of an S3-compatible store; default: AWS.',
  },
  {
    name: 's3-region',
    type: 'text',
    shape: regionShape,
    metavar: 'REGION',
    commands: onStore,
    advanced: true,
    help: 'Region of the bucket; default: the AWS configuration of this machine.',
  },
  {
    name: 's3-path-style',
    type: 'flag',
    default: false,
    commands: onStore,
    advanced: true,
    help: 'Put the bucket into the path, for stores that do not support bucket host names.',
  },
  {
    name: 's3-storage-class',
    type: 'text',
    metavar: 'CLASS',
    allowed: ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
    commands: ['sync'],
    advanced: true,
    help: 'Storage class of new objects.',
  },
  {
    name: 's3-sse-kms-key',
    type: 'text',
    metavar: 'KEY',
    commands: ['sync'],
    advanced: true,
    help: 'Id or ARN of the KMS key that encrypts new objects.',
  },
] as const satisfies readonly OptionSpec[];
