import { Argument, type Command } from 'commander';
import { fileOf } from './file-commands.ts';
import { examples, withFile, withOutput, type FileFlags, type OutputFlags, type Run } from './options.ts';
import { duration, names } from './values.ts';

/** A second less than Docker gives (https://docs.docker.com/reference/cli/docker/container/stop/). */
const DEFAULT_GRACE = 9000;

export function addMachineCommands(program: Command, run: Run): void {
  addRun(program, run);
  const daemon = program.command('daemon').description('start, stop, upgrade and look at the daemon');
  examples(daemon, ['eco daemon status', 'eco daemon stop']);
  addDaemonStart(daemon, run);
  addDaemonStop(daemon, run);
  addDaemonStatus(daemon, run);
  addDaemonUpgrade(daemon, run);
  addStartup(program, run);
  addUnstartup(program, run);
  addDoctor(program, run);
  addSchema(program, run);
  addExplain(program, run);
  addCompletion(program, run);
  addDialStdio(program, run);
}

interface RunFlags extends FileFlags {
  readonly only?: readonly string[];
  readonly grace: number;
}

function addRun(program: Command, run: Run): void {
  const command = withFile(program.command('run'))
    .description('keep the apps of the file in the foreground, without a daemon: for containers')
    .option('--only <names>', 'only these apps (a,b)', names)
    .option('--grace <time>', 'from the first signal until what still runs is killed (9s)', duration, DEFAULT_GRACE);
  examples(command, ['eco run', 'eco run --env production --json', 'eco run --only api --grace 25s']).action(
    (file: string | undefined, flags: RunFlags, self: Command) =>
      run(flags, async (context) => {
        const { run: runApps } = await import('../commands/run.ts');
        return runApps(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}

function addDaemonStart(daemon: Command, run: Run): void {
  const command = withOutput(daemon.command('start')).description('start the daemon, if it does not run');
  examples(command, ['eco daemon start']).action((flags: OutputFlags) =>
    run(flags, async (context) => {
      const { daemonStart } = await import('../commands/daemon.ts');
      return daemonStart(context);
    }),
  );
}

function addDaemonStop(daemon: Command, run: Run): void {
  const command = withOutput(daemon.command('stop'))
    .description('stop the daemon; the apps run on')
    .option('--apps', 'end the apps, too; they stay in the list, and eco apply or eco start starts them again');
  examples(command, ['eco daemon stop', 'eco daemon stop --apps']).action(
    (flags: OutputFlags & { readonly apps?: boolean }) =>
      run(flags, async (context) => {
        const { daemonStop } = await import('../commands/daemon.ts');
        return daemonStop(context, { apps: flags.apps === true });
      }),
  );
}

function addDaemonStatus(daemon: Command, run: Run): void {
  const command = withOutput(daemon.command('status')).description('tell whether the daemon runs, and what it uses');
  examples(command, ['eco daemon status', 'eco daemon status --json']).action((flags: OutputFlags) =>
    run(flags, async (context) => {
      const { daemonStatus } = await import('../commands/daemon.ts');
      return daemonStatus(context);
    }),
  );
}

function addDaemonUpgrade(daemon: Command, run: Run): void {
  const command = withOutput(daemon.command('upgrade'))
    .description('put this eco, on this Node, in the place of the daemon that runs; no app is touched')
    .option(
      '--wait <time>',
      'how long steps under way get to end (60s); the next daemon sees to the others',
      duration,
      60_000,
    );
  examples(command, ['eco daemon upgrade', 'eco daemon upgrade --wait 5m']).action(
    (flags: OutputFlags & { readonly wait: number }) =>
      run(flags, async (context) => {
        const { daemonUpgrade } = await import('../commands/daemon.ts');
        return daemonUpgrade(context, { wait: flags.wait });
      }),
  );
}

interface BootFlags extends OutputFlags {
  readonly system?: boolean;
  readonly user?: string;
  readonly print?: boolean;
}

function withBoot(command: Command): Command {
  return withOutput(command)
    .option('--system', "by the machine's service manager; as root this is the default")
    .option('--no-system', "by the user's own service manager")
    .option('--user <name>', 'the daemon of this user, by the machine')
    .option('--print', 'only print what would be done, as a shell script');
}

function addStartup(program: Command, run: Run): void {
  const command = withBoot(program.command('startup')).description(
    'have the daemon started at boot (systemd, launchd), and with it every app that was to run',
  );
  examples(command, [
    'eco startup',
    'eco startup --print',
    'eco startup --system',
    'sudo eco startup --user alice',
  ]).action((flags: BootFlags) =>
    run(flags, async (context) => {
      const { startup } = await import('../commands/startup.ts');
      return startup(context, flags);
    }),
  );
}

function addUnstartup(program: Command, run: Run): void {
  const command = withBoot(program.command('unstartup')).description(
    'take back what eco startup made; the apps run on',
  );
  examples(command, ['eco unstartup', 'eco unstartup --print', 'eco unstartup --system']).action((flags: BootFlags) =>
    run(flags, async (context) => {
      const { unstartup } = await import('../commands/startup.ts');
      return unstartup(context, flags);
    }),
  );
}

function addDoctor(program: Command, run: Run): void {
  const command = withOutput(program.command('doctor')).description(
    'look for what is amiss: versions, strays, disk, limits, ports, clock; changes nothing, exits 1 if anything is bad',
  );
  examples(command, ['eco doctor', 'eco doctor --json']).action((flags: OutputFlags) =>
    run(flags, async (context) => {
      const { doctor } = await import('../commands/doctor.ts');
      return doctor(context);
    }),
  );
}

function addSchema(program: Command, run: Run): void {
  const command = withOutput(program.command('schema')).description('print the JSON schema of ecosystem files');
  examples(command, ['eco schema > ecosystem.schema.json']).action((flags: OutputFlags) =>
    run(flags, async (context) => {
      const { schema } = await import('../commands/schema.ts');
      return schema(context);
    }),
  );
}

function addExplain(program: Command, run: Run): void {
  const command = withOutput(program.command('explain'))
    .description('explain a diagnostic code, or the exit codes; without one, list all codes')
    .argument('[code]', 'such as ECO1203, exit-codes, or an exit code such as 8');
  examples(command, ['eco explain ECO1203', 'eco explain exit-codes', 'eco explain']).action(
    (code: string | undefined, flags: OutputFlags) =>
      run(flags, async (context) => {
        const { explain } = await import('../commands/explain.ts');
        return explain(context, code ?? null);
      }),
  );
}

function addCompletion(program: Command, run: Run): void {
  const command = program
    .command('completion')
    .description('print a script that lets a shell complete commands, options and the names of apps')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']));
  examples(command, [
    'source <(eco completion bash)                                # in ~/.bashrc',
    'source <(eco completion zsh)                                 # in ~/.zshrc',
    'eco completion fish > ~/.config/fish/completions/eco.fish',
  ]).action((shell: string) =>
    run({ color: false }, async () => (await import('../commands/completion.ts')).printCompletion(shell)),
  );
  // What the scripts call.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) =>
      run({ color: false }, async (context) => {
        const { suggest } = await import('../commands/completion.ts');
        return suggest(context, program, words);
      }),
    );
}

/** What eco on another machine calls over ssh. */
function addDialStdio(program: Command, run: Run): void {
  program.command('dial-stdio', { hidden: true }).action(() =>
    run({ color: false }, async (context) => {
      const { answerDial } = await import('../remote/answer-dial.ts');
      await answerDial(context);
      return 0;
    }),
  );
}
