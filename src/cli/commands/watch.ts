import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AppName } from '../../domain/names.ts';
import { seconds, type Milliseconds } from '../../domain/time.ts';
import { realPath } from '../../platform/files.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { DevLoop } from '../flow/dev-loop.ts';
import { fail } from '../flow/fail.ts';
import { inForeground } from '../flow/in-foreground.ts';
import { loadDevelopment } from '../flow/load-development.ts';
import type { FileOptions } from '../flow/load-file.ts';
import { abilities } from '../flow/make-plan.ts';
import { watchRenderer, type WatchRenderer } from '../render/watch-text.ts';

export interface WatchCommandOptions extends FileOptions {
  readonly only?: readonly AppName[];
  /** Of each app; 1 unless given. */
  readonly instances?: number;
  /** Whether a change of its files restarts an app. */
  readonly restart: boolean;
  /** Whether the output of the apps is shown. */
  readonly logs: boolean;
}

/** What has not stopped by then is killed: longer than an app has by itself. */
const GRACE: Milliseconds = seconds(10);

/** Keeps the apps of a file in this process while both are worked on, until a key or a signal says that it is enough. */
export async function watch(context: CliContext, options: WatchCommandOptions): Promise<number> {
  const { console } = context;
  const asked = { ...options, instances: options.instances ?? null };
  const load = () => loadDevelopment(context, asked);
  const first = await load();
  if (!first.ok) return fail(context, first.error);
  const { desired, warnings } = first.value;
  const only = options.only ?? null;
  const keys = console.isInteractive;
  const renderer = watchRenderer(console, { labels: desired, logs: options.logs, keys });
  await renderer.diagnostics(warnings);
  const [by, daemon] = [await context.actor(), await abilities(desired, null)];
  const folder = folderFor(context.home, desired.file);
  const done = await inForeground(context, { grace: GRACE, renderer, folder, hangUp: true }, ({ foreground }) => {
    const { restart } = options;
    const loop = new DevLoop(context, { first: first.value, load, only, restart, renderer, foreground, by, daemon });
    const stops = [
      context.onOutputClosed(() => loop.quit()),
      ...(keys ? [context.onKey((key) => press(key, { loop, renderer, status: () => foreground.observe() }))] : []),
    ];
    loop.begin();
    return {
      end: loop.end,
      abandon: () => {
        for (const stop of stops) stop();
        // Nothing waits for it: it only lets go of files.
        void loop.close();
      },
    };
  });
  if (!done.ok) return fail(context, done.error);
  if (done.value.type === 'quit') return EXIT.success;
  return done.value.signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}

/** Of this file alone, so that neither two checkouts nor the daemon meet; the same each time, so that what is left is found. */
function folderFor(home: string, file: string): string {
  const digest = createHash('sha256').update(realPath(file)).digest('hex');
  return join(home, 'watch', digest.slice(0, 12));
}

interface Pressed {
  readonly loop: DevLoop;
  readonly renderer: WatchRenderer;
  readonly status: () => Parameters<WatchRenderer['status']>[0];
}

function press(key: string, { loop, renderer, status }: Pressed): void {
  const chosen = /^[1-9]$/.test(key) ? loop.apps[Number(key) - 1] : undefined;
  if (chosen !== undefined) return loop.restart([chosen]);
  switch (key) {
    case 'r':
      return loop.restart(loop.apps);
    case 'p':
      return loop.togglePause();
    case 'l':
      return renderer.nextFilter(loop.apps);
    case 'i':
      return renderer.status(status());
    case 'c':
      return renderer.clear();
    case 'q':
      return loop.quit();
    case '?':
    case 'h':
      return renderer.help();
    default:
      return undefined;
  }
}
