import type { ObservedApp, ObservedState } from '../../domain/observed-state.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { observeIfAny } from '../flow/observe.ts';
import { hint, writeJson } from '../render/console.ts';
import { appsOf } from '../targets.ts';

export interface ListOptions {
  readonly project?: string;
  readonly only?: readonly string[];
}

export async function list(context: CliContext, options: ListOptions): Promise<ExitCode> {
  const { console } = context;
  const observation = await observeIfAny(context, options.project);
  if (!observation.ok) return fail(context, observation.error);
  const apps = chosen(observation.value.observed, options);
  if (console.json) {
    const { listDocument } = await import('../render/list-document.ts');
    writeJson(console, listDocument(apps));
    return 0;
  }
  if (apps.length === 0) {
    const { formatNoApps } = await import('../render/no-apps-text.ts');
    console.out(`${formatNoApps(options)}\n`);
    hint(console, 'Describe them in ecosystem.yaml, then run `eco apply`.');
    return 0;
  }
  const { formatAppTable } = await import('../render/tables.ts');
  console.out(`${formatAppTable(apps, { colour: console.colour })}\n`);
  return 0;
}

function chosen(observed: ObservedState, { project, only }: ListOptions): readonly ObservedApp[] {
  const apps = appsOf(observed, project ?? null);
  return only === undefined ? apps : apps.filter(({ name }) => only.includes(name));
}
