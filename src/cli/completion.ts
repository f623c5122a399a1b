import type { Command } from 'commander';

/**
 * Adds the command `completion <shell>`, which prints the script for a shell, and the hidden
 * command `complete`, which the script calls. The code of both is imported only if `command`, the
 * first word of the command line, names one of them.
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
