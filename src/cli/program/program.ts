import { Command, CommanderError } from 'commander';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { addDevelopmentCommands } from './development-commands.ts';
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
export async function runProgram(args: readonly string[], io: ProgramIo): Promise<number> {
  let exitCode = 0;
  const words = helpFirst(hoistFlags(args));
  const run: Run = async (flags, command) => {
    exitCode = await runWhere(io.makeContext(flags), { flags, words, command });
  };
  const program = buildProgram(io, { run, words });
  if (words.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.unclassified;
    throw error;
  }
}

/** `eco help` and `eco help apply` are `eco` and `eco apply --help`; what is no command is left to be refused as such. */
function helpFirst([first = '', ...topic]: readonly string[]): readonly string[] {
  if (first !== 'help') return first === '' ? [] : [first, ...topic];
  const isCommand = GROUPS.some(({ commands }) => commands.includes(topic[0] ?? ''));
  return isCommand ? [...topic, '--help'] : topic;
}

/** Here, unless another machine is named. */
async function runWhere(here: CliContext, call: Call): Promise<number> {
  const { host, remoteCwd, remoteEco } = call.flags;
  const text = host ?? here.environment['ECO_HOST'] ?? '';
  if (text === '' && remoteCwd === undefined && remoteEco === undefined) return call.command(here);
  const { goThere } = await import('../remote/go-there.ts');
  return goThere(here, { ...call, text });
}

interface Call {
  readonly flags: OutputFlags;
  readonly words: readonly string[];
  readonly command: (context: CliContext) => Promise<number>;
}

function buildProgram(
  io: ProgramIo,
  { run, words }: { readonly run: Run; readonly words: readonly string[] },
): Command {
  const program = new Command('eco')
    .description('Makes the processes on this machine match a file.')
    .version(ECO_VERSION)
    .configureOutput({ writeOut: io.out, writeErr: io.err, getOutHelpWidth: () => io.columns })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nHelp for one command: eco apply --help\nGlobal options may stand before or after the command: --json, --no-color, -q, -v, --project, -f, --env, --only, --host.',
    )
    .exitOverride();
  program.addHelpText('before', START_HERE).helpCommand(false);
  for (const { heading, add } of groupsFor(words[0] ?? '')) {
    program.commandsGroup(heading);
    add(program, run, words);
  }
  pointToHelp(program, 'eco');
  return program;
}

/** What was not understood is answered with where it is explained. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(
    `${name} --help shows ${command.commands.length > 0 ? 'the commands' : 'how it is used'}.`,
  );
  for (const part of command.commands) pointToHelp(part, `${name} ${part.name()}`);
}

/** Declaring a command takes time, and `eco list` has little: where its group is known, the others are left out. */
function groupsFor(command: string): readonly CommandGroup[] {
  const group = GROUPS.find(({ commands }) => commands.includes(command));
  return group === undefined ? GROUPS : [group];
}

interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly string[];
  readonly add: (program: Command, run: Run, words: readonly string[]) => void;
}

const GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Main:',
    commands: ['init', 'validate', 'plan', 'apply', 'drift', 'down', 'lock', 'unlock'],
    add: addFileCommands,
  },
  { heading: 'Main:', commands: ['watch', 'dev'], add: addDevelopmentCommands },
  {
    heading: 'Operating:',
    commands: ['list', 'ls', 'status', 'monit', 'describe', 'show', 'logs', 'flush', 'history', 'events', 'env'],
    add: addShowCommands,
  },
  {
    heading: 'Operating:',
    commands: ['start', 'stop', 'restart', 'reload', 'scale', 'rollback', 'signal', 'reset', 'wait', 'delete'],
    add: addOperatingCommands,
  },
  {
    heading: 'Machine:',
    commands: ['run', 'daemon', 'startup', 'unstartup', 'doctor', 'schema', 'explain', 'completion', 'dial-stdio'],
    add: addMachineCommands,
  },
];

const START_HERE = `Examples:
  eco plan      what would change, and why
  eco apply     make it so
  eco list      how it is
`;
