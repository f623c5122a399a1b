import type { Command } from 'commander';

/**
 * Adds two commands: `completion <shell>` prints the script for a shell, and the script calls the
 * hidden command `complete`. Their code is imported only if `command`, the first word of the
 * command line, is one of the two.
 */
export async function addCompletion(program: Command, command: string | undefined): Promise<void> {
  if (command === 'completion' || command === 'complete') {
    const { default: tab } = await import('@bomb.sh/tab/commander');
    tab(program, { completionCommandName: 'completion' });
  }
  const added = program.commands.find((command) => command.name() === 'completion');
  const completion = added ?? program.command('completion').argument('<shell>');
  completion.description('Print the completion script for bash, zsh or fish.');
  completion.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
}
