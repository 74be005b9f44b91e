import type { OptionName } from './app-options.ts';
import type { Part } from './read-form.ts';
import type { OptionBlock } from './read-keys.ts';
import { isRecord, type SourcePath } from './source.ts';

/** An app with `defaults`, the app that it extends and the `env_NAME` block that was asked for merged into it. */
export interface MergedApp {
  readonly path: SourcePath;
  /** Of the `env_NAME` block that was asked for. */
  readonly envName: string | undefined;
  /** Without `env` and `secrets`. */
  readonly options: ReadonlyMap<OptionName, Part>;
  readonly env: ReadonlyMap<string, Part>;
  readonly secrets: ReadonlyMap<string, Part>;
}

/**
 * What is `beneath` an app, the lowest first, holds unless what is above it says otherwise. `env` blocks and `secrets` are merged
 * variable by variable, and null takes one away; every other option is replaced as a whole.
 */
export function mergeApp(
  app: OptionBlock,
  beneath: readonly OptionBlock[],
  { envName }: { readonly envName: string | undefined },
): MergedApp {
  const layers = [...beneath, app];
  const options = new Map(layers.flatMap((layer) => [...layer.options]));
  options.delete('env');
  options.delete('secrets');
  const schedule = options.get('schedule');
  // What is run at certain times is a task.
  if (schedule !== undefined && !options.has('kind')) options.set('kind', { value: 'task', path: schedule.path });
  const general = layers.flatMap((layer) => variables(layer.options.get('env')));
  const named = envName === undefined ? [] : layers.flatMap((layer) => variables(layer.envBlocks.get(envName)));
  const env = present([...general, ...named]);
  const secrets = present(layers.flatMap((layer) => variables(layer.options.get('secrets'))));
  return { path: app.path, envName, options, env, secrets };
}

/** The last of each name. */
function present(entries: readonly [string, Part][]): ReadonlyMap<string, Part> {
  return new Map([...new Map(entries)].filter(([, { value }]) => value !== undefined && value !== null));
}

function variables(block: Part | undefined): readonly [string, Part][] {
  if (block === undefined || !isRecord(block.value)) return [];
  return Object.entries(block.value).map(([name, value]) => [name, { value, path: [...block.path, name] }]);
}
