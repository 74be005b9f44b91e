import type { DaemonClient } from '../../client/daemon-client.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Milliseconds } from '../../domain/time.ts';
import { wait } from '../../platform/clock.ts';
import type { LogLine, LogPlaces, LogQuery } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { tell } from '../render/console.ts';
import { WAITING_FOR_DAEMON } from '../render/daemon-text.ts';
import { fail } from './fail.ts';
import { connectIfAny } from './observe.ts';

export interface LogShow {
  readonly query: LogQuery;
  readonly onLine: (line: LogLine) => void;
}

/** Until a daemon is asked for again that has stopped, or has died. */
const RECONNECT_INTERVAL: Milliseconds = 200;

/**
 * Ends with the last line, when nobody reads any more, or by an interrupt: the usual way out of following is no failure. A
 * daemon that dies while it is followed is replaced, one that was stopped is waited for; either way each line is told once.
 */
export async function showLogs(context: CliContext, client: DaemonClient, show: LogShow): Promise<ExitCode> {
  const enough = new AbortController();
  const stopListening = [context.onInterrupt(() => enough.abort()), context.onOutputClosed(() => enough.abort())];
  try {
    let { query } = show;
    let daemon: DaemonClient | null = client;
    while (daemon !== null) {
      const end = await showStream(daemon, { ...show, query }, enough.signal);
      if (enough.signal.aborted) return 0;
      if (end.resume === null) return end.failure === null ? 0 : await fail(context, end.failure);
      query = { ...query, resume: end.resume };
      if (end.failure === null) tell(context.console, WAITING_FOR_DAEMON);
      const next = await (end.failure === null ? nextDaemon(context, enough.signal) : successor(context));
      if (!next.ok) return await fail(context, next.error);
      daemon = next.value;
    }
    return 0;
  } finally {
    for (const stop of stopListening) stop();
  }
}

interface StreamEnd {
  /** null: it was ended in good order. */
  readonly failure: Failure | null;
  /** Where to go on; null: there is nothing to go on with. */
  readonly resume: LogPlaces | null;
}

async function showStream(daemon: DaemonClient, { query, onLine }: LogShow, signal: AbortSignal): Promise<StreamEnd> {
  let began = query.resume?.began ?? null;
  const places = { ...query.resume?.places };
  const resume = () => (began === null ? null : { began, places });
  for await (const message of daemon.logs(query, signal)) {
    if (signal.aborted) break;
    if (!message.ok) {
      const isLost = message.error.reason === 'daemon-unreachable';
      return { failure: message.error, resume: isLost ? resume() : null };
    }
    if ('places' in message.value) {
      ({ began } = message.value);
      Object.assign(places, message.value.places);
      continue;
    }
    onLine(message.value);
    places[message.value.file] = message.value.end;
  }
  return { failure: null, resume: resume() };
}

/** Of a daemon that has died: its apps are to be taken over. */
async function successor(context: CliContext): ReturnType<typeof connectIfAny> {
  await wait(RECONNECT_INTERVAL);
  return connectIfAny(context);
}

/** Of a daemon that was stopped, by somebody who may start it again. */
async function nextDaemon(context: CliContext, signal: AbortSignal): ReturnType<typeof connectIfAny> {
  while (!signal.aborted) {
    const running = await context.connect('never');
    if (running.ok || running.error.reason !== 'daemon-unreachable') return running;
    await wait(RECONNECT_INTERVAL);
  }
  return { ok: true, value: null };
}
