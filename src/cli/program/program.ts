import { Command, CommanderError } from 'commander';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { addFileCommands } from './file-commands.ts';
import { hoistFlags } from './hoist-flags.ts';
import { addMachineCommands } from './machine-commands.ts';
import { addOperatingCommands } from './operating-commands.ts';
import type { OutputFlags, Run } from './options.ts';
import { addShowCommands } from './show-commands.ts';

export interface ProgramIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
  readonly makeContext: (flags: OutputFlags) => CliContext;
}

/** From the words after `eco` to an exit code. */
export async function runProgram(args: readonly string[], io: ProgramIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const run: Run = async (flags, command) => {
    exitCode = await command(io.makeContext(flags));
  };
  const program = buildProgram(io, run);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(hoistFlags(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.unclassified;
    throw error;
  }
}

function buildProgram(io: ProgramIo, run: Run): Command {
  const program = new Command('eco')
    .description('Makes the processes on this machine match a file.')
    .version(ECO_VERSION)
    .configureOutput({ writeOut: io.out, writeErr: io.err, getOutHelpWidth: () => io.columns })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nHelp for one command: eco apply --help\nGlobal options may stand before or after the command: --json, --no-color, -q, -v, --project, -f, --env, --only.',
    )
    .exitOverride();
  program.addHelpText('before', START_HERE).helpCommand(false);
  program.commandsGroup('Main:');
  addFileCommands(program, run);
  program.commandsGroup('Operating:');
  addShowCommands(program, run);
  addOperatingCommands(program, run);
  program.commandsGroup('Machine:');
  addMachineCommands(program, run);
  return program;
}

const START_HERE = `Examples:
  eco plan      what would change, and why
  eco apply     make it so
  eco list      how it is
`;
