import { Option, type Command } from 'commander';
import { SORT_KEYS, type SortKey } from '../sort-keys.ts';
import type { LogsOptions } from '../commands/logs.ts';
import { examples, withTargets, type Run, type TargetFlags } from './options.ts';
import { count, duration, names, pattern } from './values.ts';

type LogFlags = TargetFlags & Omit<LogsOptions, 'targets'>;

interface ListFlags extends TargetFlags {
  readonly only?: readonly string[];
  readonly sort?: SortKey;
  readonly watch?: number | true;
}

interface MonitFlags extends TargetFlags {
  readonly only?: readonly string[];
}

interface EventFlags extends TargetFlags {
  readonly lines: number;
  readonly follow?: boolean;
}

const DEFAULT_EVENTS = 50;
const DEFAULT_WATCH = 2000;

export function addShowCommands(program: Command, run: Run): void {
  addList(program, run);
  addMonit(program, run);
  addDescribe(program, run);
  addLogs(program, run);
  addFlush(program, run);
  addHistory(program, run);
  addEvents(program, run);
  addEnv(program, run);
}

function addList(program: Command, run: Run): void {
  const command = withTargets(program.command('list').alias('ls').alias('status'))
    .description('list the apps and how they are')
    .option('--only <names>', 'only these apps (a,b)', names)
    .addOption(new Option('--sort <column>', 'what needs eyes first comes first').choices(SORT_KEYS))
    .option('--watch [time]', 'look again and again, every 2s or as often as is said', duration);
  examples(command, ['eco list', 'eco list --watch --sort cpu', 'eco list --project shop --json']).action(
    ({ watch, ...flags }: ListFlags) =>
      run(flags, async (context) => {
        const { list } = await import('../commands/list.ts');
        if (watch === undefined) return list(context, flags);
        return list(context, { ...flags, watch: watch === true ? DEFAULT_WATCH : watch });
      }),
  );
}

function addMonit(program: Command, run: Run): void {
  const command = withTargets(program.command('monit'))
    .description('watch apps in a dashboard, and operate them; without a terminal, the same as list --watch')
    .option('--only <names>', 'only these apps (a,b)', names);
  examples(command, ['eco monit', 'eco monit --project shop', 'eco monit --only api,worker']).action(
    (flags: MonitFlags) =>
      run(flags, async (context) => {
        const { monit } = await import('../commands/monit.ts');
        return monit(context, flags);
      }),
  );
}

function addDescribe(program: Command, run: Run): void {
  const command = withTargets(program.command('describe').alias('show'))
    .description('show all that is known of an app')
    .argument('<target>', 'an app, a glob or a namespace');
  examples(command, ['eco describe api', "eco describe 'queue-*' --json"]).action(
    (target: string, flags: TargetFlags) =>
      run(flags, async (context) => {
        const { describe } = await import('../commands/describe.ts');
        return describe(context, { ...flags, target });
      }),
  );
}

function addLogs(program: Command, run: Run): void {
  const command = withTargets(program.command('logs'))
    .description('show the last lines of the logs; in a terminal, follow them')
    .argument('[targets...]', 'apps, name:instance, globs, namespaces; without any, all apps')
    .option('--lines <n>', 'how many lines of each log; 20 unless given, with --since all', count)
    .option('--since <time>', 'only what was written in this time, such as 10m', duration)
    .option('--grep <pattern>', 'only lines that match this regular expression', pattern)
    .option('--follow', 'go on with new lines, also when stdout is no terminal')
    .option('--no-follow', 'end after the last line')
    .option('--out', 'only what was written to stdout')
    .option('--err', 'only what was written to stderr')
    .option('--raw', 'lines as they are, without the name of the app');
  examples(command, [
    'eco logs',
    'eco logs api worker:0',
    'eco logs api --err --since 10m --grep timeout --no-follow',
  ]).action((targets: readonly string[], flags: LogFlags) =>
    run(flags, async (context) => {
      const { logs } = await import('../commands/logs.ts');
      return logs(context, { ...flags, targets });
    }),
  );
}

function addFlush(program: Command, run: Run): void {
  const command = withTargets(program.command('flush'))
    .description('empty the logs, and remove what was rotated out of them; programs write on')
    .argument('[targets...]', 'apps, name:instance, globs, namespaces; without any, all apps');
  examples(command, ['eco flush', 'eco flush api worker:0']).action((targets: readonly string[], flags: TargetFlags) =>
    run(flags, async (context) => {
      const { flush } = await import('../commands/flush.ts');
      return flush(context, { ...flags, targets });
    }),
  );
}

function addHistory(program: Command, run: Run): void {
  const command = withTargets(program.command('history'))
    .description('list the last revisions of an app: when, by whom, from which commit, and what became of them')
    .argument('<name>', 'an app');
  examples(command, ['eco history api', 'eco history api --json']).action((target: string, flags: TargetFlags) =>
    run(flags, async (context) => {
      const { history } = await import('../commands/history.ts');
      return history(context, { ...flags, target });
    }),
  );
}

function addEvents(program: Command, run: Run): void {
  const command = withTargets(program.command('events'))
    .description('show what happened: starts, ends and their causes, steps and who asked for them')
    .argument('[targets...]', 'apps, name:instance, globs, namespaces; without any, everything')
    .option('--lines <n>', 'how many of the last events, 1000 at most', count, DEFAULT_EVENTS)
    .option('--follow', 'go on with what happens from now on');
  examples(command, ['eco events', 'eco events api --follow', 'eco events --lines 1000 --json']).action(
    (targets: readonly string[], flags: EventFlags) =>
      run(flags, async (context) => {
        const { events } = await import('../commands/events.ts');
        return events(context, { ...flags, targets });
      }),
  );
}

function addEnv(program: Command, run: Run): void {
  const command = withTargets(program.command('env'))
    .description('show the environment that an app is given; secrets are masked')
    .argument('<name>', 'an app');
  examples(command, ['eco env api', 'eco env api --json']).action((target: string, flags: TargetFlags) =>
    run(flags, async (context) => {
      const { env } = await import('../commands/env.ts');
      return env(context, { ...flags, target });
    }),
  );
}
