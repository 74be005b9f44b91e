import { after, type Instant, type Milliseconds } from '../domain/time.ts';
import { unreachable } from '../util/unreachable.ts';
import type { AppSpec } from '../domain/app-spec.ts';
import type { AfterStop, ExitCause, RestartCount, WorkerPhase, WorkerState } from '../domain/worker-state.ts';
import { afterExit, type RestartPolicy } from './restart-policy.ts';

/** What one worker does when; see `domain/worker-state` for the diagram. Pure: `worker` carries out the effects. */
export function transition(state: WorkerState, event: WorkerEvent | ResetRequested, context: Context): Transition {
  if (event.type === 'reset-requested') return reset(state, context);
  switch (state.phase) {
    case 'starting':
      return whileStarting(state, event, context);
    case 'ready':
      return whileReady(state, event, context);
    case 'draining':
      return whileDraining(state, event, context);
    case 'stopping':
      return whileStopping(state, event, context);
    case 'backing-off':
      return whileBackingOff(state, event, context);
    case 'stopped':
    case 'completed':
    case 'failed':
      return whileDead(state, event);
    default:
      return unreachable(state);
  }
}

export type WorkerEvent =
  /** The process exists. Until then it may have waited for its turn to start. */
  | { readonly type: 'spawned' }
  /** `provedFor`: for how long it has already shown what a ready worker shows. */
  | { readonly type: 'became-ready'; readonly provedFor: Milliseconds }
  /** `treeGone`: nothing of what it started is left either. */
  | { readonly type: 'exited'; readonly cause: ExitCause; readonly treeGone: boolean }
  /** After `exited`: the last of what it started is gone too. */
  | { readonly type: 'tree-gone' }
  /** `handover`: a successor serves already, so that idle connections need not be cut. */
  | { readonly type: 'stop-requested'; readonly handover: boolean }
  | { readonly type: 'drained' }
  /** The process lives, but must not go on: of no use as it is. */
  | { readonly type: 'condemned'; readonly cause: ExitCause }
  | { readonly type: 'deadline-reached' };

/** In every phase the same: the restarts so far are forgotten, and what waits for the next one waits no longer. */
export interface ResetRequested {
  readonly type: 'reset-requested';
}

export type WorkerEffect =
  | { readonly type: 'spawn' }
  | { readonly type: 'drain'; readonly within: Milliseconds; readonly handover: boolean }
  /** The app's stop signal, to the process group. */
  | { readonly type: 'signal-stop' }
  /** SIGKILL to the process group and to whatever left the group. */
  | { readonly type: 'kill-tree' };

export interface Transition {
  readonly state: WorkerState;
  readonly effects: readonly WorkerEffect[];
}

export interface Context {
  readonly policy: WorkerPolicy;
  readonly now: Instant;
  /** In [0, 1). */
  readonly random: number;
  /** Whether the process can be told to drain. */
  readonly drainable: boolean;
}

export type WorkerPolicy = RestartPolicy & Pick<AppSpec, 'killTimeout' | 'readyTimeout'>;

type In<P extends WorkerPhase> = Extract<WorkerState, { phase: P }>;

/** SIGKILL cannot be ignored, but a process in an uninterruptible system call dies late: ask again, in case of new children. */
export const KILL_RETRY_INTERVAL: Milliseconds = 1000;

/** Of the kill timeout, what the app's own stop handlers keep for themselves when draining takes long. */
const STOP_HANDLER_SHARE = 0.25;

const NO_RESTARTS: RestartCount = { total: 0, inSeries: 0 };

/** A worker that is about to be spawned for the first time. */
export function firstState(policy: WorkerPolicy, now: Instant): In<'starting'> {
  return { phase: 'starting', restarts: NO_RESTARTS, readyBy: readyDeadline(policy, now) };
}

/** When the shell must send `deadline-reached`; null while nothing is due. */
export function deadlineOf(state: WorkerState): Instant | null {
  switch (state.phase) {
    case 'starting':
      return state.readyBy;
    case 'draining':
      return state.drainedBy;
    case 'stopping':
      return state.killAt;
    case 'backing-off':
      return state.retryAt;
    case 'ready':
    case 'stopped':
    case 'completed':
    case 'failed':
      return null;
    default:
      return unreachable(state);
  }
}

export function isDead(state: WorkerState): boolean {
  return state.phase === 'stopped' || state.phase === 'completed' || state.phase === 'failed';
}

function whileStarting(state: In<'starting'>, event: WorkerEvent, context: Context): Transition {
  const { policy, now } = context;
  switch (event.type) {
    case 'spawned':
      return stay({ ...state, readyBy: readyDeadline(policy, now) });
    case 'became-ready':
      return stay({ phase: 'ready', restarts: state.restarts, since: now - event.provedFor });
    case 'exited':
      return ended(state.restarts, { cause: event.cause, readyFor: null, treeGone: event.treeGone }, context);
    case 'deadline-reached':
      return leave(state.restarts, context, failedStart(late(policy)));
    case 'condemned':
      return leave(state.restarts, context, failedStart(event.cause));
    case 'stop-requested':
      return leave(state.restarts, context, { afterwards: { type: 'stay-stopped' }, handover: event.handover });
    case 'drained':
    case 'tree-gone':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function whileReady(state: In<'ready'>, event: WorkerEvent, context: Context): Transition {
  const { now } = context;
  switch (event.type) {
    case 'exited':
      return ended(
        state.restarts,
        { cause: event.cause, readyFor: now - state.since, treeGone: event.treeGone },
        context,
      );
    case 'stop-requested':
      return leave(state.restarts, context, { afterwards: { type: 'stay-stopped' }, handover: event.handover });
    case 'condemned':
      return stopNow(state.restarts, context, {
        type: 'count-as-crash',
        cause: event.cause,
        readyFor: now - state.since,
      });
    case 'spawned':
    case 'became-ready':
    case 'drained':
    case 'tree-gone':
    case 'deadline-reached':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function whileDraining(state: In<'draining'>, event: WorkerEvent, context: Context): Transition {
  switch (event.type) {
    case 'drained':
    case 'deadline-reached':
      return signalAfterDrain(state, context.now);
    case 'exited':
      // It had nothing left to do; what it started has not been told yet.
      return event.treeGone ? gone(state, context) : signalAfterDrain(state, context.now);
    case 'stop-requested':
      return stay(stayingStopped(state));
    case 'spawned':
    case 'became-ready':
    case 'condemned':
    case 'tree-gone':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function whileStopping(state: In<'stopping'>, event: WorkerEvent, context: Context): Transition {
  switch (event.type) {
    case 'exited':
      return event.treeGone ? gone(state, context) : stay(state);
    case 'tree-gone':
      return gone(state, context);
    case 'deadline-reached':
      return {
        state: { ...state, killAt: after(context.now, KILL_RETRY_INTERVAL) },
        effects: [{ type: 'kill-tree' }],
      };
    case 'stop-requested':
      return stay(stayingStopped(state));
    case 'spawned':
    case 'became-ready':
    case 'condemned':
    case 'drained':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function whileBackingOff(state: In<'backing-off'>, event: WorkerEvent, context: Context): Transition {
  switch (event.type) {
    case 'deadline-reached':
      return start(state.restarts, context);
    case 'stop-requested':
      return stay({ phase: 'stopped', restarts: state.restarts });
    case 'spawned':
    case 'became-ready':
    case 'exited':
    case 'condemned':
    case 'tree-gone':
    case 'drained':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function whileDead(state: In<'stopped' | 'completed' | 'failed'>, event: WorkerEvent): Transition {
  switch (event.type) {
    case 'stop-requested':
      return state.phase === 'failed' ? stay({ phase: 'stopped', restarts: state.restarts }) : stay(state);
    case 'spawned':
    case 'became-ready':
    case 'exited':
    case 'tree-gone':
    case 'condemned':
    case 'drained':
    case 'deadline-reached':
      return stay(state);
    default:
      return unreachable(event);
  }
}

function reset(state: WorkerState, context: Context): Transition {
  return state.phase === 'backing-off' ? start(NO_RESTARTS, context) : stay({ ...state, restarts: NO_RESTARTS });
}

function start(restarts: RestartCount, { policy, now }: Context): Transition {
  return { state: { phase: 'starting', restarts, readyBy: readyDeadline(policy, now) }, effects: [{ type: 'spawn' }] };
}

/** A task may run for as long as it likes: its end is what counts. */
function readyDeadline(policy: WorkerPolicy, now: Instant): Instant {
  return policy.kind === 'task' ? Number.POSITIVE_INFINITY : after(now, policy.readyTimeout);
}

function late({ readyTimeout }: WorkerPolicy): ExitCause {
  return { type: 'not-ready-in-time', timeout: readyTimeout, waitingFor: 'ready' };
}

/** "Not ready in time" says what was missing, which only the shell knows. */
export function withReason(state: WorkerState, waitingFor: string): WorkerState {
  if ((state.phase !== 'draining' && state.phase !== 'stopping') || state.afterwards.type !== 'count-as-crash')
    return state;
  const { cause } = state.afterwards;
  if (cause.type !== 'not-ready-in-time') return state;
  return { ...state, afterwards: { ...state.afterwards, cause: { ...cause, waitingFor } } };
}

interface Leave {
  readonly afterwards: AfterStop;
  readonly handover: boolean;
}

/** It may serve already, on a socket that it shares: what it has begun to answer must not be lost. */
function failedStart(cause: ExitCause): Leave {
  return { afterwards: { type: 'count-as-crash', cause, readyFor: null }, handover: true };
}

/** Drains first, where that is possible. */
function leave(restarts: RestartCount, context: Context, { afterwards, handover }: Leave): Transition {
  const { policy, now, drainable } = context;
  if (!drainable) return stopNow(restarts, context, afterwards);
  const drainedBy = drainDeadline(policy, now);
  return {
    state: { phase: 'draining', restarts, drainedBy, killAt: after(now, policy.killTimeout), afterwards },
    effects: [{ type: 'drain', within: drainedBy - now, handover }],
  };
}

function stayingStopped<S extends In<'draining' | 'stopping'>>(state: S): S {
  return state.afterwards.type === 'stay-stopped' ? state : { ...state, afterwards: { type: 'stay-stopped' } };
}

/** Of one that is told to drain now. */
export function drainDeadline({ killTimeout }: WorkerPolicy, now: Instant): Instant {
  return after(now, killTimeout * (1 - STOP_HANDLER_SHARE));
}

function stopNow(restarts: RestartCount, { policy, now }: Context, afterwards: AfterStop): Transition {
  return {
    state: { phase: 'stopping', restarts, killAt: after(now, policy.killTimeout), afterwards },
    effects: [{ type: 'signal-stop' }],
  };
}

function signalAfterDrain({ restarts, killAt, afterwards }: In<'draining'>, now: Instant): Transition {
  return {
    state: { phase: 'stopping', restarts, killAt: Math.max(now, killAt), afterwards },
    effects: [{ type: 'signal-stop' }],
  };
}

function gone({ restarts, afterwards }: In<'draining' | 'stopping'>, context: Context): Transition {
  return afterwards.type === 'stay-stopped'
    ? stay({ phase: 'stopped', restarts })
    : ended(restarts, { cause: afterwards.cause, readyFor: afterwards.readyFor, treeGone: true }, context);
}

interface End {
  readonly cause: ExitCause;
  readonly readyFor: Milliseconds | null;
  readonly treeGone: boolean;
}

/** What a crashed program leaves behind may hold its port: it goes before the next attempt. */
function ended(
  restarts: RestartCount,
  { cause, readyFor, treeGone }: End,
  { policy, now, random }: Context,
): Transition {
  const next = afterExit(policy, { cause, readyFor, restarts, now, random });
  const effects: readonly WorkerEffect[] = treeGone ? [] : [{ type: 'kill-tree' }];
  switch (next.type) {
    case 'retry':
      return {
        state: { phase: 'backing-off', restarts: next.restarts, retryAt: after(now, next.delay), cause },
        effects,
      };
    case 'completed':
      return { state: { phase: 'completed', restarts }, effects };
    case 'failed':
      return { state: { phase: 'failed', restarts, cause }, effects };
    default:
      return unreachable(next);
  }
}

function stay(state: WorkerState): Transition {
  return { state, effects: [] };
}
