import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** Adds `completion <shell>`, which prints the script for a shell, and the hidden command that the scripts call. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  const completion = program.commands.find((command) => command.name() === 'completion');
  completion?.description('Print the completion script for bash, zsh or fish.');
  completion?.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
}
