import type { Milliseconds } from '../../domain/time.ts';
import type { LogQuery, LogStream } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { logTargets } from '../flow/log-targets.ts';
import { observeIfAny } from '../flow/observe.ts';
import { showLogs } from '../flow/show-logs.ts';
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
  const query: LogQuery = {
    // Without names: also apps that are added while this command follows.
    targets: options.targets.length === 0 && options.project === undefined ? [] : targets.value,
    lines: options.lines ?? (options.since === undefined ? DEFAULT_LINES : null),
    follow: options.follow ?? context.console.isTTY,
    streams: streamsOf(options),
    since: options.since === undefined ? null : context.clock.wallTime() - options.since,
    grep: options.grep ?? null,
    resume: null,
  };
  const { console } = context;
  const form = options.raw === true ? 'raw' : console.json ? 'json' : 'prefixed';
  const format = logLineFormatter(targets.value, { colour: console.colour, form });
  return showLogs(context, client, { query, onLine: (line) => console.out(format(line)) });
}

/** Both flags together mean the same as neither. */
function streamsOf({ out, err }: LogsOptions): readonly LogStream[] {
  if (out === err) return ['out', 'err'];
  return out === true ? ['out'] : ['err'];
}
