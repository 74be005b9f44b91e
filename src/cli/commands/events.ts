import type { RecordedEvent } from '../../domain/event.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { EventMessage } from '../../protocol/control.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { concerns, type EventFilter } from '../flow/event-filter.ts';
import { fail } from '../flow/fail.ts';
import { observeIfAny } from '../flow/observe.ts';
import type { TargetWords } from '../flow/observe-targets.ts';
import { hint } from '../render/console.ts';
import { eventDocument, formatEvent } from '../render/event-text.ts';
import { appsOf, resolveTargets } from '../targets.ts';

export interface EventsOptions extends TargetWords {
  readonly lines: number;
  readonly follow?: boolean;
}

/** What is asked for may be about apps that are gone: only a word that nothing was ever called is refused. */
export async function events(context: CliContext, options: EventsOptions): Promise<ExitCode> {
  const { console } = context;
  const { lines, follow = false } = options;
  const observation = await observeIfAny(context);
  if (!observation.ok) return fail(context, observation.error);
  const { client, observed } = observation.value;
  if (client === null) {
    hint(console, 'No events: no daemon runs, and there are no apps.');
    return EXIT.success;
  }
  const filter = filterOf(options, observed);
  const enough = new AbortController();
  const stopListening = [context.onInterrupt(() => enough.abort()), context.onOutputClosed(() => enough.abort())];
  try {
    for await (const message of client.events({ follow }, enough.signal)) {
      if (enough.signal.aborted) break;
      const chosen = message.ok ? choose(message.value, { filter, observed, lines }) : message;
      if (!chosen.ok) return await fail(context, chosen.error);
      for (const event of chosen.value) {
        console.out(`${console.json ? JSON.stringify(eventDocument(event)) : formatEvent(event)}\n`);
      }
    }
    return EXIT.success;
  } finally {
    for (const stop of stopListening) stop();
  }
}

interface Choice {
  readonly filter: EventFilter;
  readonly observed: ObservedState;
  readonly lines: number;
}

function choose(message: EventMessage, { filter, observed, lines }: Choice): Result<readonly RecordedEvent[]> {
  if (message.type === 'event') return ok([message.event].filter((event) => concerns(event, filter)));
  const wrong = unknownWord(message.events, { filter, observed });
  if (wrong !== null) return err(wrong);
  const chosen = message.events.filter((event) => concerns(event, filter));
  return ok(chosen.slice(Math.max(0, chosen.length - lines)));
}

function filterOf({ targets, ...rest }: TargetWords, observed: ObservedState): EventFilter {
  const project = rest.project ?? null;
  const apps = appsOf(observed, project);
  const namespaces = targets.map((word) => {
    const members = apps.filter(({ spec }) => spec.namespace === word).map(({ name }) => name);
    return [word, members] as const;
  });
  return { words: targets, project, namespaces: new Map(namespaces) };
}

/** null if every word is the name of something, now or in what happened. */
function unknownWord(
  recent: readonly RecordedEvent[],
  { filter, observed }: { readonly filter: EventFilter; readonly observed: ObservedState },
): Failure | null {
  for (const word of filter.words) {
    if (recent.some((event) => concerns(event, { ...filter, words: [word] }))) continue;
    const resolved = resolveTargets([word], observed, { project: filter.project, instances: 'allowed' });
    if (!resolved.ok && resolved.error.reason === 'no-such-app') return resolved.error;
  }
  return null;
}
