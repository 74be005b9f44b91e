import type { DaemonClient } from '../../client/daemon-client.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { DaemonInfo } from '../../protocol/control.ts';
import { equalJson } from '../../util/compare.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { connectIfAny } from '../flow/observe.ts';
import { reminded } from '../flow/reminders.ts';
import { hint, say, writeJson } from '../render/console.ts';
import {
  daemonDocument,
  formatDaemonStatus,
  formatEnding,
  formatStarted,
  formatStopped,
  formatUpgraded,
  NO_DAEMON,
} from '../render/daemon-text.ts';

/** How long a daemon that has answered a shutdown may take to be gone. */
const END_TIMEOUT: Milliseconds = 10_000;

/** Succeeds as well if it runs already. */
export async function daemonStart(context: CliContext): Promise<ExitCode> {
  const { console } = context;
  const before = await context.connect('never');
  const connected = before.ok ? before : await context.connect('if-absent');
  if (!connected.ok) return fail(context, connected.error);
  const info = await connected.value.info();
  if (!info.ok) return fail(context, info.error);
  if (console.json) writeJson(console, daemonDocument(info.value));
  else say(console, formatStarted(info.value, { already: before.ok }));
  return EXIT.success;
}

/** Succeeds as well if none runs. To end the apps, a daemon that does not run is started first: it knows them. */
export async function daemonStop(context: CliContext, { apps }: { readonly apps: boolean }): Promise<ExitCode> {
  const running = await (apps ? connectIfAny(context) : connectRunning(context));
  if (!running.ok) return fail(context, running.error);
  const client = running.value;
  if (client === null) {
    if (context.console.json) writeJson(context.console, daemonDocument(null));
    else say(context.console, NO_DAEMON);
    return EXIT.success;
  }
  return stop(context, client, { apps });
}

async function stop(
  context: CliContext,
  client: DaemonClient,
  { apps }: { readonly apps: boolean },
): Promise<ExitCode> {
  const { console } = context;
  const info = await client.info();
  if (!info.ok) return fail(context, info.error);
  const { pid } = info.value;
  const answer = await reminded(
    context.clock,
    (waited) => hint(console, formatEnding(waited)),
    () => client.shutdown({ apps }),
  );
  if (!answer.ok) return fail(context, answer.error);
  const ended = await context.processEnd(pid, END_TIMEOUT);
  if (!ended) return fail(context, { reason: 'daemon-does-not-end', pid });
  if (console.json) writeJson(console, daemonDocument(null));
  else say(console, formatStopped(info.value, { apps }));
  return EXIT.success;
}

export async function daemonStatus(context: CliContext): Promise<ExitCode> {
  const { console } = context;
  const running = await connectRunning(context);
  if (!running.ok) return fail(context, running.error);
  const info = running.value === null ? null : await running.value.info();
  if (info !== null && !info.ok) return fail(context, info.error);
  if (console.json) writeJson(console, daemonDocument(info?.value ?? null));
  else console.out(`${info === null ? NO_DAEMON : formatDaemonStatus(info.value)}\n`);
  return EXIT.success;
}

/** Puts this eco in the place of the daemon that runs, or starts it if none does. No app is touched. */
export async function daemonUpgrade(context: CliContext, { wait }: { readonly wait: Milliseconds }): Promise<ExitCode> {
  const { console, program } = context;
  const running = await connectRunning(context);
  if (!running.ok) return fail(context, running.error);
  const before = running.value === null ? ok(null) : await endedDaemon(context, running.value, { wait });
  if (!before.ok) return fail(context, before.error);
  const next = await context.connect(before.value?.service ? 'by-service' : 'if-absent');
  // One that this eco does not understand can still say who it is.
  const client = next.ok ? next : await context.runningDaemon();
  if (!client.ok) return fail(context, next.ok ? client.error : next.error);
  const found = await client.value.info();
  if (!found.ok) return fail(context, found.error);
  const { version, node, service = null } = found.value;
  if (!equalJson({ version, node }, program)) {
    return fail(context, { reason: 'daemon-not-replaced', found: { version, node }, wanted: program, service });
  }
  if (console.json) writeJson(console, daemonDocument(found.value));
  else say(console, formatUpgraded(found.value, { before: before.value }));
  return EXIT.success;
}

/** What the daemon was, once it has ended; null if it ended by itself meanwhile. */
async function endedDaemon(
  context: CliContext,
  client: DaemonClient,
  { wait }: { readonly wait: Milliseconds },
): Promise<Result<DaemonInfo | null>> {
  const info = await client.info();
  if (!info.ok) return info.error.reason === 'daemon-unreachable' ? ok(null) : info;
  const answer = await reminded(
    context.clock,
    (waited) => hint(context.console, formatEnding(waited)),
    () => client.shutdown({ apps: false, finishWithin: wait }),
  );
  if (!answer.ok && answer.error.reason !== 'daemon-unreachable') return answer;
  const ended = await context.processEnd(info.value.pid, END_TIMEOUT);
  return ended ? info : err({ reason: 'daemon-does-not-end', pid: info.value.pid });
}

async function connectRunning(context: CliContext): ReturnType<typeof connectIfAny> {
  const running = await context.runningDaemon();
  if (running.ok || running.error.reason !== 'daemon-unreachable') return running;
  return { ok: true, value: null };
}
