import type { DaemonClient } from '../../client/daemon-client.ts';
import type { Milliseconds } from '../../domain/time.ts';
import type { LogQuery, LogStream, LogTargetQuery } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { logTargets } from '../flow/log-targets.ts';
import { observeIfAny } from '../flow/observe.ts';
import { hint } from '../render/console.ts';
import { logLineFormatter } from '../render/log-text.ts';

export interface LogsOptions {
  readonly targets: readonly string[];
  readonly project?: string;
  /** Absent: as many as fit on a screen; with `since`, all. */
  readonly lines?: number;
  /** How long ago. */
  readonly since?: Milliseconds;
  readonly grep?: string;
  /** Absent: as long as somebody watches, that is, in a terminal. */
  readonly follow?: boolean;
  readonly out?: boolean;
  readonly err?: boolean;
  readonly raw?: boolean;
}

const DEFAULT_LINES = 20;

export async function logs(context: CliContext, options: LogsOptions): Promise<ExitCode> {
  const observation = await observeIfAny(context);
  if (!observation.ok) return fail(context, observation.error);
  const targets = logTargets(observation.value.observed, options);
  if (!targets.ok) return fail(context, targets.error);
  const { client } = observation.value;
  if (client === null || targets.value.length === 0) {
    hint(context.console, 'No apps, so no logs.');
    return 0;
  }
  return show(context, client, {
    query: {
      // Without names: also apps that are added while this command follows.
      targets: options.targets.length === 0 && options.project === undefined ? [] : targets.value,
      lines: options.lines ?? (options.since === undefined ? DEFAULT_LINES : null),
      follow: options.follow ?? context.console.isTTY,
      streams: streamsOf(options),
      since: options.since === undefined ? null : context.clock.wallTime() - options.since,
      grep: options.grep ?? null,
    },
    known: targets.value,
    raw: options.raw === true,
  });
}

/** Both flags together mean the same as neither. */
function streamsOf({ out, err }: LogsOptions): readonly LogStream[] {
  if (out === err) return ['out', 'err'];
  return out === true ? ['out'] : ['err'];
}

interface Show {
  readonly query: LogQuery;
  readonly known: readonly LogTargetQuery[];
  readonly raw: boolean;
}

/** Ends with the last line, when nobody reads any more, or by an interrupt: the usual way out of following is no failure. */
async function show(context: CliContext, client: DaemonClient, { query, known, raw }: Show): Promise<ExitCode> {
  const { console } = context;
  const enough = new AbortController();
  const stopListening = [context.onInterrupt(() => enough.abort()), context.onOutputClosed(() => enough.abort())];
  const format = logLineFormatter(known, {
    colour: console.colour,
    form: raw ? 'raw' : console.json ? 'json' : 'prefixed',
  });
  try {
    for await (const line of client.logs(query, enough.signal)) {
      if (enough.signal.aborted) return 0;
      if (!line.ok) return await fail(context, line.error);
      console.out(format(line.value));
    }
    return 0;
  } finally {
    for (const stop of stopListening) stop();
  }
}
