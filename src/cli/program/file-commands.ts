import type { Command } from 'commander';
import {
  examples,
  withFile,
  withLockTimeout,
  withOutput,
  withPlan,
  type FileFlags,
  type LockFlags,
  type OutputFlags,
  type PlanFlags,
  type Run,
} from './options.ts';
import { duration, lockMessage, names, planFile, positiveCount } from './values.ts';

interface ApplyFlags extends PlanFlags, LockFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly timeout?: number;
  readonly concurrency: number;
  readonly rollback: boolean;
}

/**
 * How many steps of a plan are under way at once: a step mostly waits until its app has proved ready, so that few at once
 * would cost that wait many times. Small machines are safe: the daemon lets only a few programs start at the same time.
 */
const DEFAULT_CONCURRENCY = 256;

export function addFileCommands(program: Command, run: Run): void {
  addInit(program, run);
  addValidate(program, run);
  addPlan(program, run);
  addApply(program, run);
  addDrift(program, run);
  addDown(program, run);
  addLock(program, run);
  addUnlock(program, run);
}

interface InitFlags extends OutputFlags {
  readonly from?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly print?: boolean;
}

function addInit(program: Command, run: Run): void {
  const command = withOutput(program.command('init'))
    .description('write an ecosystem.yaml: a new one, or what a file of PM2 or the running PM2 says')
    .option('--from <file>', 'the file to convert, or pm2 for what `pm2 save` wrote')
    .option('-o, --output <file>', 'the file to write; ecosystem.yaml beside what is converted unless given')
    .option('--force', 'write over a file that is there')
    .option('--print', 'only print what would be written');
  examples(command, ['eco init', 'eco init --from ecosystem.config.js', 'pm2 save && eco init --from pm2']).action(
    (flags: InitFlags) =>
      run(flags, async (context) => {
        const { init } = await import('../commands/init.ts');
        return init(context, flags);
      }),
  );
}

function addValidate(program: Command, run: Run): void {
  const command = withFile(program.command('validate')).description('check the file; needs no daemon, changes nothing');
  examples(command, ['eco validate', 'eco validate ecosystem.yaml --env production']).action(
    (file: string | undefined, flags: FileFlags, self: Command) =>
      run(flags, async (context) => {
        const { validate } = await import('../commands/validate.ts');
        return validate(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}

interface PlanCommandFlags extends PlanFlags {
  readonly detailedExitcode?: boolean;
  readonly out?: string;
  readonly markdown?: boolean;
  readonly at?: string;
}

function addPlan(program: Command, run: Run): void {
  const command = withPlan(program.command('plan'))
    .description('show what apply would do, field by field; changes nothing')
    .option('--detailed-exitcode', 'exit 2 when there are changes, 4 when there is only drift')
    .option('--out <file.json>', 'also keep the plan in a file, for eco apply to do exactly that', planFile)
    .option('--markdown', 'print the plan as Markdown, for a comment on a pull request')
    .option('--at <folder>', 'plan as if this checkout lay there, where eco apply will find it');
  examples(command, [
    'eco plan',
    'eco plan --env production --only api',
    'eco plan --out plan.json --markdown',
    'eco plan --at /srv/shop',
  ]).action((file: string | undefined, flags: PlanCommandFlags, self: Command) =>
    run(flags, async (context) => {
      const { plan } = await import('../commands/plan.ts');
      return plan(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
    }),
  );
}

function addApply(program: Command, run: Run): void {
  const command = withLockTimeout(withPlan(program.command('apply')))
    .description('make the processes match the file, or do what a saved plan says, and wait until they are ready')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only show the plan')
    .option('--sync', 'first copy the folder of the file to --host, by rsync; what is only there is deleted')
    .option('--timeout <time>', 'wait no longer than this (10m) and exit 10; what was begun goes on', duration)
    .option('--no-rollback', 'leave an app whose rollout failed as it is, also if nothing of it serves any more')
    .option('--concurrency <n>', 'steps at once', positiveCount, DEFAULT_CONCURRENCY);
  examples(command, [
    'eco apply',
    'eco apply --env production --yes',
    'eco apply plan.json',
    'eco apply --only api --timeout 10m',
  ]).action((file: string | undefined, flags: ApplyFlags, self: Command) =>
    run(flags, async (context) => {
      const { apply } = await import('../commands/apply.ts');
      return apply(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
    }),
  );
}

interface DriftFlags extends FileFlags {
  readonly only?: readonly string[];
  readonly exitCode?: boolean;
}

function addDrift(program: Command, run: Run): void {
  const command = withFile(program.command('drift'))
    .description('show what differs from the last apply although the file did not ask for it')
    .option('--only <names>', 'only these apps (a,b)', names)
    .option('--exit-code', 'exit 4 if anything differs');
  examples(command, ['eco drift', 'eco drift --env production --exit-code --json']).action(
    (file: string | undefined, flags: DriftFlags, self: Command) =>
      run(flags, async (context) => {
        const { drift } = await import('../commands/drift.ts');
        return drift(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}

interface DownFlags extends FileFlags, LockFlags {
  readonly yes?: boolean;
  readonly takeOwnership?: boolean;
}

function addDown(program: Command, run: Run): void {
  const command = withLockTimeout(withFile(program.command('down')))
    .description('delete every app that the project owns')
    .option('-y, --yes', 'do not ask')
    .option('--take-ownership', 'also if the project belongs to another origin');
  examples(command, ['eco down', 'eco down ecosystem.yaml --yes']).action(
    (file: string | undefined, flags: DownFlags, self: Command) =>
      run(flags, async (context) => {
        const { down } = await import('../commands/down.ts');
        return down(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}

function addLock(program: Command, run: Run): void {
  const command = withLockTimeout(withFile(program.command('lock')))
    .description('keep everybody from changing the project, until it is unlocked')
    .requiredOption('-m, --message <text>', 'why; shown to whoever is kept from it', lockMessage);
  examples(command, ['eco lock -m "moving the database"', 'eco lock --project shop -m "incident 12"']).action(
    (file: string | undefined, flags: FileFlags & LockFlags & { readonly message: string }, self: Command) =>
      run(flags, async (context) => {
        const { lock } = await import('../commands/lock.ts');
        return lock(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}

function addUnlock(program: Command, run: Run): void {
  const command = withOutput(program.command('unlock'))
    .description('take a lock away, whoever has it: a command that goes on is refused its next step')
    .argument('<id>', 'as in the message of a command that was refused');
  examples(command, ['eco unlock 3f9c02d1']).action((id: string, flags: OutputFlags) =>
    run(flags, async (context) => {
      const { unlock } = await import('../commands/lock.ts');
      return unlock(context, { id });
    }),
  );
}

export function fileOf(
  command: Command,
  { file, flag }: { readonly file: string | undefined; readonly flag: string | undefined },
): { readonly file?: string } {
  if (file !== undefined && flag !== undefined && file !== flag) {
    command.error(`error: two files are given, '${file}' and '${flag}'`);
  }
  const chosen = file ?? flag;
  return chosen === undefined ? {} : { file: chosen };
}
