import { join, resolve } from 'node:path';
import { SEARCH_PLACES } from '../../config/find-file.ts';
import type { Failure } from '../../domain/failure.ts';
import { seconds } from '../../domain/time.ts';
import type { CliContext } from '../context.ts';
import type { AdhocSettings } from '../adhoc-options.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeIfAny } from '../flow/observe.ts';
import type { PatienceOptions } from '../flow/patience.ts';
import { formatIsApp, formatIsFile, formatOneName } from '../render/adhoc-text.ts';
import { resolveTargets } from '../targets.ts';

export interface StartOptions extends PatienceOptions {
  readonly targets: readonly string[];
  readonly project?: string;
  readonly settings: AdhocSettings;
  /** What stands behind `--`. */
  readonly programArgs: readonly string[];
}

/** Apps that exist, by name; and programs, each of which becomes an app of the project `adhoc`. */
export async function start(context: CliContext, options: StartOptions): Promise<number> {
  const { targets, settings, programArgs } = options;
  const saysMore = Object.keys(settings).length > 0 || programArgs.length > 0;
  if (!saysMore && !targets.some((word) => isProgram(context, word))) return startApps(context, options);

  const observation = await observeIfAny(context);
  if (!observation.ok) return fail(context, observation.error);
  const isApp = (word: string): boolean => {
    const found = resolveTargets([word], observation.value.observed, { project: null, instances: 'refused' });
    return found.ok && found.value.length > 0;
  };
  const apps = targets.filter((word) => isApp(word) || (!saysMore && !isProgram(context, word)));
  const programs = targets.filter((word) => !apps.includes(word));
  const refusal = refuse({ apps, programs, saysMore, settings });
  if (refusal !== null) {
    context.console.err(`${refusal}\n`);
    return EXIT.unclassified;
  }
  const codes = [apps.length === 0 ? EXIT.success : await startApps(context, { ...options, targets: apps })];
  for (const program of programs) codes.push(await startProgram(context, program, options));
  return codes.find((code) => code !== EXIT.success) ?? EXIT.success;
}

interface Words {
  readonly apps: readonly string[];
  readonly programs: readonly string[];
  readonly saysMore: boolean;
  readonly settings: AdhocSettings;
}

function refuse({ apps: [app], programs, saysMore, settings }: Words): string | null {
  const file = programs.find(isEcosystemFile);
  if (file !== undefined) return formatIsFile(file);
  if (saysMore && app !== undefined) return formatIsApp(app);
  return settings.name !== undefined && programs.length > 1 ? formatOneName(programs) : null;
}

/** A path of a file, or a command line. */
function isProgram({ cwd, fileKind }: CliContext, word: string): boolean {
  return /\s/.test(word) || fileKind(resolve(cwd, word)) === 'file';
}

function isEcosystemFile(word: string): boolean {
  return (
    SEARCH_PLACES.some((place) => word === place || word.endsWith(`/${place}`)) || /\.(ya?ml|jsonc?|json5)$/.test(word)
  );
}

async function startApps(context: CliContext, options: StartOptions): Promise<number> {
  const { operate } = await import('./operate.ts');
  return operate(context, { ...options, operation: { type: 'start' } });
}

/** Its file is as good as any other, and is kept: `eco plan` of it shows what was changed by hand. */
async function startProgram(
  context: CliContext,
  script: string,
  { settings, programArgs: args, lockTimeout = AMONG_OTHERS }: StartOptions,
): Promise<number> {
  const { cwd, ...rest } = settings;
  const { defaultName } = await import('../../config/app-name.ts');
  const name = typeof rest.name === 'string' ? rest.name : defaultName(script);
  const app = { ...rest, name, script, args, cwd: resolve(context.cwd, `${cwd ?? '.'}`), pass_env: true };
  const file = join(context.home, 'adhoc', `${encodeURIComponent(name)}.json`);
  const document = JSON.stringify({ project: ADHOC_PROJECT, apps: [app] }, null, 2);
  if (!context.replaceFile(file, `${document}\n`)) {
    const failure: Failure = { reason: 'store-failed', path: file, problem: 'it could not be written' };
    return fail(context, failure);
  }
  const { apply } = await import('./apply.ts');
  const options = { file, only: [name], prune: false, yes: true, rollback: true, concurrency: 1 };
  return apply(context, { ...options, lockTimeout });
}

const ADHOC_PROJECT = 'adhoc';
/** Programs that have nothing to do with each other have this project in common, and are often started by one script. */
const AMONG_OTHERS = seconds(60);
