import { err, ok, type Result } from '../domain/result.ts';
import type { Failure } from '../domain/failure.ts';
import type { StepMessage, StepOutcome, StepRequest } from '../protocol/control.ts';
import { sendLocal, type LocalRequest, type LocalResponse } from '../platform/local-http.ts';
import { unreachable } from '../util/unreachable.ts';
import type { DaemonClient, StepOptions } from './daemon-client.ts';

type Call = Omit<LocalRequest, 'socketPath'>;

/** The daemon behind a unix socket. `log` is where it writes what goes wrong with it, for failures to name. */
export function httpClient(socketPath: string, log: string): DaemonClient {
  const unreachableBecause = (cause: string): Failure => ({ reason: 'daemon-unreachable', socket: socketPath, cause, log });

  const open = async (call: Call): Promise<Result<LocalResponse>> => {
    try {
      const response = await sendLocal({ ...call, socketPath });
      return response.status < 400 ? ok(response) : err(JSON.parse(await response.text()) as Failure);
    } catch (error) {
      return err(unreachableBecause(messageOf(error)));
    }
  };
  const ask = async <T>(call: Call): Promise<Result<T>> => {
    const response = await open(call);
    if (!response.ok) return response;
    try {
      return ok(JSON.parse(await response.value.text()) as T);
    } catch (error) {
      return err(unreachableBecause(messageOf(error)));
    }
  };
  const follow = async function* <T>(call: Call & { readonly signal: AbortSignal }): AsyncIterable<Result<T>> {
    const response = await open(call);
    if (!response.ok) {
      if (!call.signal.aborted) yield response;
      return;
    }
    try {
      for await (const line of response.value.lines()) yield ok(JSON.parse(line) as T);
    } catch (error) {
      if (!call.signal.aborted) yield err(unreachableBecause(messageOf(error)));
    }
  };

  return {
    info: () => ask({ method: 'GET', path: '/v1/info' }),
    observe: (project) => ask({ method: 'GET', path: `/v1/observed${project === undefined ? '' : `?project=${encodeURIComponent(project)}`}` }),
    claim: (body) => ask({ method: 'POST', path: '/v1/applies', body }),
    step: (request, options) => performStep(follow, request, options),
    manifest: (digest) => ask({ method: 'GET', path: `/v1/manifests/${encodeURIComponent(digest)}` }),
    logs: (body, signal) => follow({ method: 'POST', path: '/v1/logs', body, signal }),
    events: (options, signal) => follow({ method: 'GET', path: `/v1/events${options.follow ? '?follow=1' : ''}`, signal }),
    shutdown: async (body) => {
      const answer = await ask({ method: 'POST', path: '/v1/shutdown', body });
      return answer.ok ? ok(undefined) : answer;
    },
  };
}

type Follow = (call: Call & { readonly signal: AbortSignal }) => AsyncIterable<Result<StepMessage>>;

async function performStep(
  follow: Follow,
  request: StepRequest,
  { onProgress, signal }: StepOptions,
): Promise<Result<StepOutcome>> {
  for await (const message of follow({ method: 'POST', path: '/v1/steps', body: request, signal })) {
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
  // Aborted: the waiting has ended, not the step.
  return err({ reason: 'timed-out', app: request.app, timeout: 0 });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
