import type { OptionName } from './app-options.ts';
import type { Part } from './read-form.ts';
import type { OptionBlock } from './read-keys.ts';
import { isRecord, type SourcePath } from './source.ts';

/** An app with `defaults`, the app that it extends and the `env_NAME` block that was asked for merged into it. */
export interface MergedApp {
  readonly path: SourcePath;
  /** Of the `env_NAME` block that was asked for. */
  readonly envName: string | undefined;
  /** Without `env`. */
  readonly options: ReadonlyMap<OptionName, Part>;
  readonly env: ReadonlyMap<string, Part>;
}

/**
 * What is `beneath` an app, the lowest first, holds unless what is above it says otherwise. `env` blocks are merged variable
 * by variable; every other option is replaced as a whole.
 */
export function mergeApp(
  app: OptionBlock,
  beneath: readonly OptionBlock[],
  { envName }: { readonly envName: string | undefined },
): MergedApp {
  const layers = [...beneath, app];
  const options = new Map(layers.flatMap((layer) => [...layer.options]));
  options.delete('env');
  const schedule = options.get('schedule');
  // What is run at certain times is a task.
  if (schedule !== undefined && !options.has('kind')) options.set('kind', { value: 'task', path: schedule.path });
  const general = layers.flatMap((layer) => variables(layer.options.get('env')));
  const named = envName === undefined ? [] : layers.flatMap((layer) => variables(layer.envBlocks.get(envName)));
  const env = new Map([...general, ...named]);
  const present = [...env].filter(([, { value }]) => value !== undefined && value !== null);
  return { path: app.path, envName, options, env: new Map(present) };
}

function variables(block: Part | undefined): readonly [string, Part][] {
  if (block === undefined || !isRecord(block.value)) return [];
  return Object.entries(block.value).map(([name, value]) => [name, { value, path: [...block.path, name] }]);
}
