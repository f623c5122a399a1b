import { thawTiers } from '../../media.ts';
import type { OptionSpec } from './spec.ts';

/** How files in archive classes of S3 become readable. */
export const thawOptions = [
  {
    name: 'tier',
    type: 'text',
    metavar: 'TIER',
    default: 'bulk',
    allowed: thawTiers,
    commands: ['thaw'],
    help: 'How quickly the store thaws: bulk takes longest and costs least.',
  },
  {
    name: 'days',
    type: 'integer',
    metavar: 'N',
    default: 14,
    min: 1,
    max: 365,
    commands: ['thaw'],
    help: 'For how many days the thawed files can be read.',
  },
  {
    name: 'yes',
    type: 'flag',
    default: false,
    commands: ['thaw', 'archives remove'],
    help: 'Do it without a question. Needed if there is no terminal.',
  },
  {
    name: 'wait',
    type: 'flag',
    default: false,
    commands: ['restore'],
    help: 'Wait for the files that the store thaws, and restore each as it comes.',
  },
] as const satisfies readonly OptionSpec[];
