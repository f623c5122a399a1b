import { stages } from '../stages.ts';
import { withTracker, onService, onServiceTracker, onMachine } from './commands.ts';
import type { OptionSpec } from './spec.ts';

/** The service on AWS, and the tracker that it shares. */
export const serviceOptions = [
  {
    name: 'tracker',
    type: 'text',
    metavar: 'KIND',
    default: 'sqlite',
    allowed: ['sqlite', 'dynamodb'],
    commands: withTracker,
    help: 'Tracker: a file in the home (sqlite), or the table that a service on AWS shares (dynamodb).',
  },
  {
    name: 'env',
    type: 'text',
    metavar: 'STAGE',
    default: 'prod',
    allowed: stages,
    commands: [...withTracker, ...onService],
    help: 'Stage of the service on AWS, which decides the names of its table, machine and functions.',
  },
  {
    name: 'table',
    type: 'text',
    metavar: 'NAME',
    commands: [...withTracker, ...onServiceTracker],
    advanced: true,
    help: 'DynamoDB table of the tracker; default: the table of --env, for prod gopro-sync-tracker.',
  },
  {
    name: 'machine',
    type: 'text',
    metavar: 'NAME',
    commands: onMachine,
    advanced: true,
    help: 'Name or ARN of the state machine; default: the machine of --env, for prod gopro-sync-orchestrator.',
  },
  {
    name: 'follow',
    type: 'flag',
    default: false,
    commands: ['aws run', 'aws logs'],
    help: 'Show what happens until the run ends.',
  },
  { name: 'start', type: 'flag', default: false, commands: ['aws retry'], help: 'Start a run at once.' },
  {
    name: 'run',
    type: 'text',
    metavar: 'NAME',
    commands: ['aws logs'],
    help: 'Name of the execution; default: the latest run.',
  },
  {
    name: 'level',
    type: 'text',
    metavar: 'LEVEL',
    default: 'info',
    allowed: ['debug', 'info', 'warn', 'error'],
    commands: ['aws logs'],
    help: 'Print only lines of this level and above.',
  },
] as const satisfies readonly OptionSpec[];
