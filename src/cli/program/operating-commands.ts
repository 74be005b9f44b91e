import type { Command } from 'commander';
import type { ScaleChange } from '../scale-change.ts';
import type { Operation } from '../flow/operation.ts';
import { ADHOC_OPTIONS, adhocSettings } from '../adhoc-options.ts';
import { examples, withLockTimeout, withTargets, type LockFlags, type Run, type TargetFlags } from './options.ts';
import { duration, positiveCount, scaleChange, signalName } from './values.ts';

const TARGETS = 'apps, globs (quote them), namespaces, or all';

export function addOperatingCommands(program: Command, run: Run, words: readonly string[]): void {
  addStart(program, run, words);
  addOperation(program.command('stop').description('end the workers of apps; the apps stay in the list'), {
    run,
    operation: { type: 'stop' },
    lines: ['eco stop api', 'eco stop api worker', "eco stop 'queue-*'"],
  });
  addOperation(program.command('restart').description('end the workers of apps, then start them again (downtime)'), {
    run,
    operation: { type: 'restart' },
    lines: ['eco restart api'],
  });
  addOperation(program.command('reload').description('replace the workers of apps one by one, without downtime'), {
    run,
    operation: { type: 'reload' },
    lines: ['eco reload api', 'eco reload all --project shop'],
  });
  addScale(program, run);
  addRollback(program, run);
  addSignal(program, run);
  addReset(program, run);
  addWait(program, run);
  addOperation(program.command('delete').description('end apps and forget them'), {
    run,
    operation: { type: 'delete' },
    lines: ['eco delete legacy', 'eco delete all --project shop'],
  });
}

function addOperation(
  command: Command,
  { run, operation, lines }: { readonly run: Run; readonly operation: Operation; readonly lines: readonly string[] },
): void {
  examples(withLockTimeout(withTargets(command.argument('<targets...>', TARGETS))), lines).action(
    (targets: readonly string[], flags: TargetFlags & LockFlags) =>
      run(flags, async (context) => {
        const { operate } = await import('../commands/operate.ts');
        return operate(context, { ...flags, targets, operation });
      }),
  );
}

/** `words`: as they were typed, for commander forgets where `--` stood. */
function addStart(program: Command, run: Run, words: readonly string[]): void {
  const command = withLockTimeout(withTargets(program.command('start')))
    .description('start apps that were stopped or have failed; or a program, as an app that is in no file')
    .argument('<targets...>', `${TARGETS}; or one script, command or command line, and its arguments behind --`);
  for (const { flags, help } of ADHOC_OPTIONS) command.option(flags, help);
  const dashes = words.indexOf('--');
  const programArgs = dashes === -1 ? [] : words.slice(dashes + 1);
  examples(command, [
    'eco start api',
    'eco start all',
    'eco start server.js -i 4 --name api',
    'eco start worker.js --name mail -- --queue mail',
  ]).action((all: readonly string[], flags: TargetFlags & LockFlags) =>
    run(flags, async (context) => {
      const { start } = await import('../commands/start.ts');
      const targets = all.slice(0, all.length - programArgs.length);
      return start(context, { ...flags, targets, programArgs, settings: adhocSettings({ ...flags }) });
    }),
  );
}

function addScale(program: Command, run: Run): void {
  const command = withLockTimeout(withTargets(program.command('scale')))
    .description('change the number of workers of an app')
    .argument('<target>', TARGETS)
    .argument('<count>', 'N, or +N and -N relative to the present number', scaleChange);
  examples(command, ['eco scale api 4', 'eco scale api +2', 'eco scale api -1']).action(
    (target: string, change: ScaleChange, flags: TargetFlags & LockFlags) =>
      run(flags, async (context) => {
        const { operate } = await import('../commands/operate.ts');
        return operate(context, { ...flags, targets: [target], operation: { type: 'scale', change } });
      }),
  );
}

function addRollback(program: Command, run: Run): void {
  const command = withLockTimeout(withTargets(program.command('rollback')))
    .description('take an app back to an earlier revision, until the next apply of its file')
    .argument('<name>', 'an app')
    .option('--to <revision>', 'this one; without it, the last stable one before the present', positiveCount);
  examples(command, ['eco rollback api', 'eco rollback api --to 3', 'eco history api']).action(
    (target: string, flags: TargetFlags & LockFlags & { readonly to?: number }) =>
      run(flags, async (context) => {
        const { rollback } = await import('../commands/rollback.ts');
        return rollback(context, { ...flags, target, to: flags.to ?? null });
      }),
  );
}

function addSignal(program: Command, run: Run): void {
  const command = withTargets(program.command('signal'))
    .description('send a signal to the processes of apps, and to nothing that they started')
    .argument('<signal>', 'such as SIGUSR2, USR2 or 12', signalName)
    .argument('<targets...>', `${TARGETS}; name:instance for one worker`);
  examples(command, ['eco signal SIGUSR2 api', 'eco signal HUP api:0']).action(
    (signal: NodeJS.Signals, targets: readonly string[], flags: TargetFlags) =>
      run(flags, async (context) => {
        const { signalWorkers } = await import('../commands/signal.ts');
        return signalWorkers(context, { ...flags, signal, targets });
      }),
  );
}

function addReset(program: Command, run: Run): void {
  const command = withTargets(program.command('reset'))
    .description('count the restarts of apps from zero again; a worker that waits for its next attempt makes it now')
    .argument('<targets...>', TARGETS);
  examples(command, ['eco reset api', 'eco reset all']).action((targets: readonly string[], flags: TargetFlags) =>
    run(flags, async (context) => {
      const { reset } = await import('../commands/reset.ts');
      return reset(context, { ...flags, targets });
    }),
  );
}

function addWait(program: Command, run: Run): void {
  const command = withTargets(program.command('wait'))
    .description('wait until apps are ready, and tasks completed; for scripts that start something else after them')
    .argument('<targets...>', TARGETS)
    .option('--timeout <time>', 'wait no longer than this (10m) and exit 10', duration);
  examples(command, ['eco wait api', 'eco wait migrate --timeout 5m && ./import.sh', 'eco wait all']).action(
    (targets: readonly string[], flags: TargetFlags & { readonly timeout?: number }) =>
      run(flags, async (context) => {
        const { wait } = await import('../commands/wait.ts');
        return wait(context, { ...flags, targets });
      }),
  );
}
