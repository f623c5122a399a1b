/** The names of all commands. In a name of two words the first word is the command's group. */
export const commandNames = [
  'sync',
  'verify',
  'restore',
  'copy',
  'thaw',
  'report',
  'status',
  'list',
  'accept',
  'retry',
  'login',
  'logout',
  'archives list',
  'archives move',
  'archives remove',
  'doctor',
  'demo',
  'simulate',
  'aws run',
  'aws status',
  'aws failures',
  'aws accept',
  'aws retry',
  'aws logs',
] as const;

export type CommandName = (typeof commandNames)[number];

/** The commands that open the store of an archive. */
export const onStore = [
  'sync',
  'verify',
  'restore',
  'copy',
  'thaw',
  'report',
  'status',
  'list',
  'accept',
  'retry',
  'doctor',
] as const;

export const onArchive = ['sync', 'verify', 'status', 'list', 'accept', 'retry', 'doctor'] as const;

export const onSelection = ['sync', 'restore', 'copy', 'thaw'] as const;

export const withTracker = ['sync', 'verify', 'report', 'status', 'list', 'accept', 'retry'] as const;

export const withProvider = ['sync', 'verify', 'login', 'doctor'] as const;

export const onService = ['aws run', 'aws status', 'aws failures', 'aws accept', 'aws retry', 'aws logs'] as const;

export const onServiceTracker = ['aws status', 'aws failures', 'aws accept', 'aws retry'] as const;

export const onMachine = ['aws run', 'aws status', 'aws retry', 'aws logs'] as const;
