import type { Command } from 'commander';
import { fileOf } from './file-commands.ts';
import { examples, withFile, type FileFlags, type Run } from './options.ts';
import { names, positiveCount } from './values.ts';

interface WatchFlags extends FileFlags {
  readonly only?: readonly string[];
  readonly instances?: number;
  readonly restart: boolean;
  readonly logs: boolean;
}

export function addDevelopmentCommands(program: Command, run: Run): void {
  const command = withFile(program.command('watch').alias('dev'))
    .description('run the apps here while you work on them: a change of their files, or of this one, shows at once')
    .option('--only <names>', 'only these apps (a,b)', names)
    .option('-i, --instances <n>', 'workers of each app, whatever the file says (1)', positiveCount)
    .option('--no-restart', 'restart nothing because its files change; follow the ecosystem file only')
    .option('--no-logs', 'show what the apps write only if they crash');
  examples(command, ['eco watch', 'eco watch --only api,worker', 'eco dev ecosystem.yaml --instances 2']).action(
    (file: string | undefined, flags: WatchFlags, self: Command) =>
      run(flags, async (context) => {
        const { watch } = await import('../commands/watch.ts');
        return watch(context, { ...flags, ...fileOf(self, { file, flag: flags.file }) });
      }),
  );
}
