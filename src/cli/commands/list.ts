import type { ObservedApp, ObservedState } from '../../domain/observed-state.ts';
import type { Result } from '../../domain/result.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeIfAny } from '../flow/observe.ts';
import { hint, writeJson } from '../render/console.ts';
import type { SortKey } from '../sort-keys.ts';
import { appsOf } from '../targets.ts';

export interface ListOptions {
  readonly project?: string;
  readonly only?: readonly string[];
  readonly sort?: SortKey;
  /** How long between one look and the next; absent: one look. */
  readonly watch?: Milliseconds;
}

export async function list(context: CliContext, options: ListOptions): Promise<ExitCode> {
  if (options.watch !== undefined) return watchList(context, { ...options, every: options.watch });
  const apps = await observeChosen(context, options);
  if (!apps.ok) return fail(context, apps.error);
  await show(context, apps.value, options);
  if (apps.value.length === 0) hint(context.console, 'Describe them in ecosystem.yaml, then run `eco apply`.');
  return EXIT.success;
}

/** Until it is interrupted, which is its usual end and no failure. Drawn anew in a terminal, one below the other elsewhere. */
async function watchList(
  context: CliContext,
  { every, ...options }: ListOptions & { readonly every: Milliseconds },
): Promise<ExitCode> {
  const { console } = context;
  const enough = new AbortController();
  const stopListening = [context.onInterrupt(() => enough.abort()), context.onOutputClosed(() => enough.abort())];
  try {
    while (!enough.signal.aborted) {
      const apps = await observeChosen(context, options);
      if (!apps.ok) return await fail(context, apps.error);
      if (console.animated && !console.json) console.out(CLEAR_SCREEN);
      await show(context, apps.value, options);
      await context.pause(every, enough.signal);
    }
    return EXIT.success;
  } finally {
    for (const stop of stopListening) stop();
  }
}

/** The screen and not what scrolled away (ECMA-48: CUP, ED 0). */
const CLEAR_SCREEN = '\u001B[H\u001B[J';

async function observeChosen(context: CliContext, options: ListOptions): Promise<Result<readonly ObservedApp[]>> {
  const observation = await observeIfAny(context, options.project);
  if (!observation.ok) return observation;
  return { ok: true, value: chosen(observation.value.observed, options) };
}

async function show({ console }: CliContext, apps: readonly ObservedApp[], options: ListOptions): Promise<void> {
  if (console.json) {
    const { listDocument } = await import('../render/list-document.ts');
    return writeJson(console, listDocument(apps));
  }
  if (apps.length === 0) {
    const { formatNoApps } = await import('../render/no-apps-text.ts');
    return console.out(`${formatNoApps(options)}\n`);
  }
  const { formatAppTable } = await import('../render/tables.ts');
  const { colour, isTTY, columns } = console;
  const { sort } = options;
  const table = { colour, ...(isTTY ? { maxWidth: columns } : {}), ...(sort === undefined ? {} : { sort }) };
  console.out(`${formatAppTable(apps, table)}\n`);
}

function chosen(observed: ObservedState, { project, only }: ListOptions): readonly ObservedApp[] {
  const apps = appsOf(observed, project ?? null);
  return only === undefined ? apps : apps.filter(({ name }) => only.includes(name));
}
