import type { DaemonClient } from '../../client/daemon-client.ts';
import type { Failure } from '../../domain/failure.ts';
import type { AppKey } from '../../domain/names.ts';
import { err, type Result } from '../../domain/result.ts';
import { seconds, type Milliseconds } from '../../domain/time.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { CliContext } from '../context.ts';
import { attemptOperation } from '../flow/attempt-operation.ts';
import type { Operation } from '../flow/operation.ts';
import { formatFailure } from '../render/failure-text.ts';
import { formatOperation, formatTooFewWorkers, type OperationResult } from '../render/operation-text.ts';
import { LogFollower } from './log-follower.ts';
import type { MonitEffect, MonitEvent } from './messages.ts';
import {
  findApp,
  initialState,
  logTarget,
  selectedRow,
  type MonitState,
  type Notice,
  type Scope,
  type Size,
} from './state.ts';
import { update } from './update.ts';

export interface SessionOptions {
  readonly context: Pick<CliContext, 'actor' | 'clock' | 'connect' | 'pause'>;
  readonly client: DaemonClient;
  readonly scope: Scope;
  readonly size: Size;
  /** The state is another one. */
  readonly onChange: () => void;
  readonly onQuit: () => void;
}

/** Between two looks at the daemon, unless something happens. */
const PERIOD: Milliseconds = seconds(1);
/** Where very much happens. */
const LEAST_PERIOD: Milliseconds = 250;

type Effect<Type extends MonitEffect['type']> = Extract<MonitEffect, { type: Type }>;

/** Asks the daemon, tells the state, and does what the state asks for. Knows nothing of a screen. */
export class Session {
  readonly #options: SessionOptions;
  readonly #ended = new AbortController();
  readonly #logs: LogFollower;
  #state: MonitState;
  #wake = new AbortController();
  #historyOf = '';

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = initialState(options.size, options.scope, options.context.clock.wallTime());
    this.#logs = new LogFollower({ ...options, tell: (logged) => this.dispatch(logged) });
  }

  get state(): MonitState {
    return this.#state;
  }

  /** Until it is ended. */
  async run(): Promise<void> {
    await Promise.all([this.#look(), this.#followEvents()]);
  }

  end(): void {
    this.#ended.abort();
    this.#wake.abort();
    this.#logs.stop();
  }

  dispatch(event: MonitEvent): void {
    if (this.#ended.signal.aborted) return;
    const { state, effects } = update(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    if (this.#ended.signal.aborted) return;
    this.#logs.follow(state.apps === null ? null : logTarget(state));
    // Where it cannot be had, the details do without.
    void this.#askForHistory();
    this.#options.onChange();
  }

  #carryOut(effect: MonitEffect): void {
    switch (effect.type) {
      case 'quit':
        return this.#options.onQuit();
      case 'operate':
        // Goes on when this process ends; its outcome is an event.
        return void this.#operate(effect);
      case 'start-daemon':
        return void this.#startDaemon();
      default:
        return unreachable(effect);
    }
  }

  async #look(): Promise<void> {
    const { client, context } = this.#options;
    while (!this.#ended.signal.aborted) {
      this.#wake = new AbortController();
      const [info, observed] = await Promise.all([
        client.info(),
        client.observe(this.#options.scope.project ?? undefined),
      ]);
      if (info.ok && observed.ok) this.dispatch({ type: 'observed', observed: observed.value, info: info.value });
      else this.dispatch({ type: 'daemon-missed', at: context.clock.wallTime() });
      await context.pause(LEAST_PERIOD, this.#ended.signal);
      if (!this.#ended.signal.aborted) await context.pause(PERIOD - LEAST_PERIOD, this.#wake.signal);
    }
  }

  /** What happens is seen at once, and not at the next look. */
  async #followEvents(): Promise<void> {
    const { client, context } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      for await (const message of client.events({ follow: true }, signal)) {
        if (!message.ok) break;
        const recent = message.value.type === 'recent';
        const events = message.value.type === 'recent' ? message.value.events : [message.value.event];
        this.dispatch({ type: 'happened', events, anew: recent });
        if (!recent) this.#wake.abort();
      }
      await context.pause(PERIOD, signal);
    }
  }

  /** Once for each revision of what is selected. */
  async #askForHistory(): Promise<void> {
    const app = selectedRow(this.#state)?.app;
    const wanted = app === undefined ? '' : JSON.stringify([app.project, app.name, app.revision]);
    if (wanted === this.#historyOf) return;
    this.#historyOf = wanted;
    if (app === undefined) return;
    const history = await this.#options.client.history({ project: app.project, app: app.name });
    if (history.ok && this.#historyOf === wanted) this.dispatch({ type: 'history', history: history.value });
  }

  async #operate({ app, operation }: Effect<'operate'>): Promise<void> {
    const outcome = await this.#attempt(app, operation);
    const notice = outcome.ok ? noticeOf(outcome.value, operation) : badNews(outcome.error);
    this.dispatch({ type: 'operated', app, operation, notice });
    this.#wake.abort();
  }

  /** On the app as it is now, which may be another than the one that is on the screen. */
  async #attempt(key: AppKey, operation: Operation): Promise<Result<OperationResult>> {
    const { client, context } = this.#options;
    const observed = await client.observe(key.project, { settled: true });
    if (!observed.ok) return observed;
    const apps = observed.value.projects.flatMap((project) => project.apps);
    const app = findApp(apps, key);
    if (app === undefined) return err({ reason: 'no-such-app', target: key.app, didYouMean: null });
    return attemptOperation(app, { context, client, operation, signal: this.#ended.signal });
  }

  async #startDaemon(): Promise<void> {
    const started = await this.#options.context.connect('if-absent');
    if (!started.ok) this.dispatch({ type: 'daemon-not-started', notice: badNews(started.error) });
    this.#wake.abort();
  }
}

function noticeOf(result: OperationResult, operation: Operation): Notice {
  switch (result.type) {
    case 'failed':
      return badNews(result.failure);
    case 'too-few-workers':
      return { lines: [formatTooFewWorkers(result.app, result.count)], tone: 'bad' };
    case 'done':
    case 'already':
      return { lines: [formatOperation(operation, result, [result.app])], tone: 'good' };
    default:
      return unreachable(result);
  }
}

function badNews(failure: Failure): Notice {
  return { lines: formatFailure(failure).split('\n'), tone: 'bad' };
}
