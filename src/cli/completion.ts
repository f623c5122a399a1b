import type { Command } from 'commander';

/**
 * Adds `completion <shell>`, which prints the script for a shell, and the hidden `complete`, which the scripts call. What they do is loaded only
 * when `called`, the first word of the command line, is one of them.
 */
export async function addCompletion(program: Command, called: string | undefined): Promise<void> {
  if (called === 'completion' || called === 'complete') {
    const { default: tab } = await import('@bomb.sh/tab/commander');
    tab(program, { completionCommandName: 'completion' });
  }
  const added = program.commands.find((command) => command.name() === 'completion');
  const completion = added ?? program.command('completion').argument('<shell>');
  completion.description('Print the completion script for bash, zsh or fish.');
  completion.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
}
