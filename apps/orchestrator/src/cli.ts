import { Command, CommanderError } from 'commander';
import { attackCommand } from './commands/attack.ts';
import { auditCommand } from './commands/audit.ts';
import { benchCommand } from './commands/bench.ts';
import { coordinatorCommand } from './commands/coordinator.ts';
import { dataCommand } from './commands/data.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { hospitalCommand } from './commands/hospital.ts';
import { initCommand } from './commands/init.ts';
import { simulateCommand } from './commands/simulate.ts';
import { statusCommand } from './commands/status.ts';
import { describeError, EXIT_OK, EXIT_USAGE, exitCodeOf } from './errors.ts';
import { paints } from './terminal.ts';
import { version } from './version.ts';

function createProgram(): Command {
  const program = new Command('zkfl')
    .description('Hospitals train one model together; nobody sees their patients, or their updates.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureOutput({ outputError: (text, write) => write(paints(process.stderr).red(text)) })
    .showHelpAfterError('(--help tells what there is)')
    .addHelpText(
      'after',
      `
Examples:
  zkfl simulate                              five hospitals, ten rounds, real data, every protection side by side
  zkfl simulate --preset published --attack published
  zkfl evaluate --model DIR --data FILE      use a model that a simulation wrote
  zkfl COMMAND --help                        options and an example of one command`,
    );
  for (const command of [simulateCommand(), evaluateCommand(), dataCommand(), attackCommand(), benchCommand()])
    program.addCommand(command);
  for (const command of [initCommand(), coordinatorCommand(), hospitalCommand(), auditCommand(), statusCommand()])
    program.addCommand(command);
  const strict = (command: Command): void => {
    command.exitOverride().showSuggestionAfterError(true).allowExcessArguments(false);
    command.commands.forEach(strict);
  };
  strict(program);
  return program;
}

/** Runs one command line; resolves to the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return EXIT_OK;
  } catch (error) {
    // commander has printed its own errors; help and version end here with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    process.stderr.write(`${paints(process.stderr).red(`zkfl: ${describeError(error)}`)}\n`);
    return exitCodeOf(error);
  }
}
