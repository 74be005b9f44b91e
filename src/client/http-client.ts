import { completeSpec } from '../domain/complete-spec.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Failure } from '../domain/failure.ts';
import type { ObservedApp, ObservedState } from '../domain/observed-state.ts';
import type { DaemonInfo, StepMessage, StepOutcome, StepRequest } from '../protocol/control.ts';
import { sendLocal, type LocalRequest, type LocalResponse } from '../platform/local-http.ts';
import { unreachable } from '../util/unreachable.ts';
import type { DaemonClient, StepOptions } from './daemon-client.ts';
import { askInTurn } from './next-daemon.ts';
import { messageOf } from '../util/message-of.ts';

type Call = Omit<LocalRequest, 'socketPath' | 'open'>;

/** The daemon behind a unix socket. */
export function httpClient(daemon: Address): DaemonClient {
  const info = () => ask<DaemonInfo>(daemon, { method: 'GET', path: '/v1/info' });
  return {
    info,
    observe: async (project, { settled } = { settled: false }) => {
      const query = new URLSearchParams({ ...(project && { project }), ...(settled && { settled: '1' }) }).toString();
      const answer = await ask<ObservedState>(daemon, { method: 'GET', path: `/v1/observed?${query}` });
      return answer.ok ? ok(completeState(answer.value)) : answer;
    },
    lock: (body, signal) => follow(daemon, { method: 'POST', path: '/v1/locks', body, signal }),
    unlock: (body) => ask(daemon, { method: 'POST', path: '/v1/unlocks', body }),
    claim: (body) => askInTurn(() => ask(daemon, { method: 'POST', path: '/v1/applies', body }), { info }),
    step: (request, options) =>
      askInTurn(() => performStep(daemon, request, options), { info, signal: options.signal }),
    manifest: (digest) => ask(daemon, { method: 'GET', path: `/v1/manifests/${encodeURIComponent(digest)}` }),
    history: (query) =>
      ask(daemon, { method: 'GET', path: `/v1/history?${new URLSearchParams({ ...query }).toString()}` }),
    logs: (body, signal) => follow(daemon, { method: 'POST', path: '/v1/logs', body, signal }),
    flush: (body) => ask(daemon, { method: 'POST', path: '/v1/flush', body }),
    events: (options, signal) =>
      follow(daemon, { method: 'GET', path: `/v1/events${options.follow ? '?follow=1' : ''}`, signal }),
    signal: (body) => ask(daemon, { method: 'POST', path: '/v1/signals', body }),
    reset: (body) => tell(daemon, '/v1/resets', body),
    shutdown: (body) => tell(daemon, '/v1/shutdown', body),
  };
}

/** A daemon of another version may know fewer settings than this eco compares. */
function completeState(state: ObservedState): ObservedState {
  const complete = (app: ObservedApp): ObservedApp => ({
    ...app,
    spec: completeSpec(app.spec),
    ...(app.towards === undefined ? {} : { towards: completeSpec(app.towards) }),
    applied: app.applied === null ? null : completeSpec(app.applied),
  });
  const projects = state.projects.map(({ deletedApps = [], ...project }) => ({
    ...project,
    apps: project.apps.map(complete),
    deletedApps: deletedApps.map((app) => ({ ...app, applied: completeSpec(app.applied) })),
  }));
  return { ...state, projects };
}

export interface Address {
  readonly socketPath: string;
  /** Where the daemon writes what goes wrong with it, for failures to name. */
  readonly log: string;
  /** The way to a daemon on another machine. */
  readonly far?: FarAddress;
}

export interface FarAddress {
  readonly open: NonNullable<LocalRequest['open']>;
  /** Why nothing there answers any more; null: the way there is as it was. */
  readonly lost: () => Failure | null;
}

async function open(daemon: Address, call: Call): Promise<Result<LocalResponse>> {
  const { socketPath, far } = daemon;
  try {
    const response = await sendLocal({ ...call, socketPath, ...(far && { open: far.open }) });
    return response.status < 400 ? ok(response) : err(JSON.parse(await response.text()) as Failure);
  } catch (error) {
    // The daemon answers the head of a step before it begins it.
    return err(unreachableBecause(error, daemon, { taken: false }));
  }
}

async function ask<T>(daemon: Address, call: Call): Promise<Result<T>> {
  const response = await open(daemon, call);
  if (!response.ok) return response;
  try {
    return ok(JSON.parse(await response.value.text()) as T);
  } catch (error) {
    return err(unreachableBecause(error, daemon));
  }
}

/** A request whose answer says nothing but that it was carried out. */
async function tell(daemon: Address, path: string, body: unknown): Promise<Result<void>> {
  const answer = await ask(daemon, { method: 'POST', path, body });
  return answer.ok ? ok(undefined) : answer;
}

/** Each line of an NDJSON answer, until it ends or the signal is aborted. */
async function* follow<T>(daemon: Address, call: Call & { readonly signal: AbortSignal }): AsyncIterable<Result<T>> {
  const response = await open(daemon, call);
  if (!response.ok) {
    if (!call.signal.aborted) yield response;
    return;
  }
  try {
    for await (const line of response.value.lines()) yield ok(JSON.parse(line) as T);
  } catch (error) {
    if (!call.signal.aborted) yield err(unreachableBecause(error, daemon));
  }
}

async function performStep(
  daemon: Address,
  body: StepRequest,
  { onProgress, signal }: StepOptions,
): Promise<Result<StepOutcome>> {
  for await (const message of follow<StepMessage>(daemon, { method: 'POST', path: '/v1/steps', body, signal })) {
    if (!message.ok) return message;
    switch (message.value.type) {
      case 'progress':
        onProgress(message.value);
        break;
      case 'succeeded':
        return ok(message.value.outcome);
      case 'failed':
        return err(message.value.failure);
      default:
        return unreachable(message.value);
    }
  }
  if (signal.aborted) return err({ reason: 'timed-out', app: body.app, timeout: 0 });
  return err(unreachableBecause(new Error('the daemon ended before the step did'), daemon));
}

function unreachableBecause(
  error: unknown,
  { socketPath, log, far }: Address,
  { taken }: { readonly taken: boolean } = { taken: true },
): Failure {
  const lost = far?.lost() ?? null;
  if (lost !== null) return lost;
  const cause = messageOf(error);
  return { reason: 'daemon-unreachable', socket: socketPath, cause, log, taken };
}
