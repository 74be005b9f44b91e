import type { DaemonClient } from '../../client/daemon-client.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { connectIfAny } from '../flow/observe.ts';
import { say, writeJson } from '../render/console.ts';
import {
  daemonDocument,
  formatDaemonStatus,
  formatStarted,
  formatStopped,
  formatStopping,
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
  const answer = await client.shutdown({ apps });
  if (!answer.ok) return fail(context, answer.error);
  const ended = await context.processEnd(info.value.pid, END_TIMEOUT);
  if (!ended) {
    console.err(`${formatStopping(info.value)}\n`);
    return EXIT.timedOut;
  }
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

async function connectRunning(context: CliContext): ReturnType<typeof connectIfAny> {
  const running = await context.connect('never');
  if (running.ok || running.error.reason !== 'daemon-unreachable') return running;
  return { ok: true, value: null };
}
