import type { DaemonClient } from '../../client/daemon-client.ts';
import { seconds, type Milliseconds } from '../../domain/time.ts';
import { deferred } from '../../util/deferred.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { connectIfAny } from '../flow/observe.ts';
import { Session } from '../monit/session.ts';
import type { Size } from '../monit/state.ts';
import { hint } from '../render/console.ts';
import { screenOf } from '../render/monit/screen.ts';
import { list } from './list.ts';

export interface MonitOptions {
  readonly project?: string;
  readonly only?: readonly string[];
}

const LIST_PERIOD = seconds(2);
/** What comes within this time is drawn together. */
const FRAME: Milliseconds = 30;

/** A dashboard, where somebody sits at a terminal that can be drawn on; elsewhere `list --watch`. */
export async function monit(context: CliContext, options: MonitOptions): Promise<ExitCode> {
  const { console } = context;
  if (!console.isInteractive || !console.animated) return list(context, { ...options, watch: LIST_PERIOD });
  const connected = await connectIfAny(context);
  if (!connected.ok) return fail(context, connected.error);
  if (connected.value === null) {
    hint(console, 'Nothing to watch: there are no apps. Describe them in ecosystem.yaml, then run `eco apply`.');
    return EXIT.success;
  }
  return show(context, connected.value, options);
}

/** Quitting is its usual end and no failure, by whatever way. */
async function show(context: CliContext, client: DaemonClient, { project, only }: MonitOptions): Promise<ExitCode> {
  const { openView } = await import('../monit/monit-view.ts');
  const quit = deferred<void>();
  const session = new Session({
    context,
    client,
    scope: { project: project ?? null, only: only ?? null },
    size: sizeOf(context),
    onChange: () => drawSoon(),
    onQuit: quit.resolve,
  });
  const screen = await context.fullScreen();
  const view = openView(screenOf(session.state), {
    colour: context.console.colour,
    paint: screen.paint,
    onKey: (key) => session.dispatch({ type: 'key', key }),
  });
  const drawSoon = coalesced(context, { draw: () => view.show(screenOf(session.state)), onError: quit.reject });
  const stopListening = [
    context.onInterrupt(() => quit.resolve()),
    context.onOutputClosed(() => quit.resolve()),
    screen.onHangUp(() => quit.resolve()),
    screen.onResize(() => session.dispatch({ type: 'resized', size: sizeOf(context) })),
  ];
  try {
    await Promise.race([quit.promise, view.closed, session.run()]);
    return EXIT.success;
  } finally {
    session.end();
    for (const stop of stopListening) stop();
    view.close();
    screen.leave();
  }
}

function sizeOf({ console: { columns, rows } }: CliContext): Size {
  return { columns, rows };
}

interface Drawing {
  readonly draw: () => void;
  readonly onError: (error: unknown) => void;
}

/** Draws a moment after it was first asked to, however often that was. */
function coalesced({ clock }: CliContext, { draw, onError }: Drawing): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    clock.after(FRAME, () => {
      asked = false;
      try {
        draw();
      } catch (error) {
        onError(error);
      }
    });
  };
}
