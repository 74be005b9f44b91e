import createRouter, { type HTTPMethod, type HTTPVersion, type Instance } from 'find-my-way';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from '../domain/failure.ts';
import type { Actor } from '../domain/observed-state.ts';
import type { Result } from '../domain/result.ts';
import {
  parseClaim,
  parseFlush,
  parseHistoryQuery,
  parseLock,
  parseLogQuery,
  parseReset,
  parseShutdown,
  parseSignal,
  parseStep,
  parseUnlock,
  type Parser,
} from '../protocol/check.ts';
import type { DaemonInfo, EventMessage, ShutdownRequest, StepRequest } from '../protocol/control.ts';
import { readJsonBody, sendJson, streamJson, type RequestHandler } from '../platform/http-server.ts';
import { systemClock } from '../platform/clock.ts';
import type { LogLedger } from '../platform/log-ledger.ts';
import type { LogKeeper } from '../supervise/log-keeper.ts';
import type { Sampler } from '../supervise/sampler.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { resetRestarts, signalWorkers } from './by-hand.ts';
import type { EventLog } from './event-log.ts';
import type { Locks } from './locks.ts';
import { maskedHistory } from './masked-history.ts';
import { logSources } from './log-sources.ts';
import { streamLogs } from './log-stream.ts';
import type { Projects } from './projects.ts';
import { performStep } from './steps.ts';
import type { StepsUnderWay } from './steps-under-way.ts';
import type { Store } from './store.ts';

export interface Daemon {
  readonly supervisor: Supervisor;
  readonly sampler: Sampler;
  readonly projects: Projects;
  readonly locks: Locks;
  readonly store: Store;
  readonly events: EventLog;
  readonly ledger: LogLedger;
  readonly keeper: LogKeeper;
  readonly steps: StepsUnderWay;
  readonly info: () => DaemonInfo;
  /** Ends the daemon; answers once the apps are gone, if that is asked. */
  readonly shutdown: (request: ShutdownRequest) => Promise<void>;
}

/** A step with the manifest of a very large tree is the largest request: about 100 bytes a file. */
const LARGEST_BODY = 64 << 20;

type Router = Instance<HTTPVersion.V1>;

/** The API of `protocol/control`. */
export function routes(daemon: Daemon): RequestHandler {
  const router: Router = createRouter({
    defaultRoute: ({ url = '' }, response) =>
      refuse(response, { reason: 'bad-request', problem: `nothing is at ${url}` }),
  });
  addReads(router, daemon);
  addLocks(router, daemon);
  addWrites(router, daemon);
  addHandwork(router, daemon);
  return (request, response) => void router.lookup(request, response);
}

function addReads(router: Router, { supervisor, sampler, projects, store, events, ledger, info }: Daemon): void {
  on(router, 'GET /v1/info', ({ response }) => sendJson(response, 200, info()));
  on(router, 'GET /v1/observed', async ({ response, query: { project, settled } }) => {
    sampler.look();
    if (settled === '1') await supervisor.reunited(project);
    sendJson(response, 200, { projects: projects.observe(supervisor.observe(project), project), node: info().node });
  });
  on(router, 'GET /v1/history', ({ response, query }) => {
    const asked = parseHistoryQuery(query);
    if (!asked.ok) return refuse(response, { reason: 'bad-request', problem: asked.error });
    const history = supervisor.history(asked.value);
    return history.ok ? sendJson(response, 200, maskedHistory(history.value)) : refuse(response, history.error);
  });
  on(router, 'GET /v1/manifests/:digest', ({ response, parameters: { digest = '' } }) => {
    sendJson(response, 200, store.loadManifest(digest));
  });
  on(router, 'GET /v1/events', ({ response, query }) =>
    streamJson(response, ({ send, signal }) => {
      const follow = query['follow'] === '1';
      if (follow) sampler.watch(signal);
      return streamEvents(events, { say: send, signal, follow });
    }),
  );
  onBody(router, 'POST /v1/logs', {
    parse: parseLogQuery,
    answer: (body, response) =>
      streamJson(response, (stream) =>
        streamLogs(body, {
          ledger,
          stream,
          now: systemClock.wallTime,
          sources: () => logSources(body, supervisor.observe(), info().home),
          onChange: (listener) => events.follow(listener, stream.signal),
        }),
      ),
  });
}

function addLocks(router: Router, { locks, events, steps, info }: Daemon): void {
  onBody(router, 'POST /v1/locks', {
    parse: parseLock,
    answer: (body, response) => {
      if (steps.ending) return refuse(response, { reason: 'daemon-ending', pid: info().pid });
      const taken = locks.take(body);
      if (!taken.ok) return refuse(response, taken.error);
      const { id, project, holder, message } = taken.value;
      if (message !== null) events.record({ type: 'project-locked', project, id, message, by: actorOf(holder) });
      return streamJson(response, (connection) => locks.hold(taken.value, connection));
    },
  });
  onBody(router, 'POST /v1/unlocks', {
    parse: parseUnlock,
    answer: ({ id, by }, response) => {
      const unlocked = locks.unlock(id);
      if (unlocked.ok && by !== null) {
        events.record({ type: 'project-unlocked', project: unlocked.value.project, id, by });
      }
      answerWith(response, unlocked);
    },
  });
}

function actorOf({ user, host, pid }: Actor): Actor {
  return { user, host, pid };
}

function addWrites(router: Router, daemon: Daemon): void {
  const { supervisor, projects, locks, events, steps } = daemon;
  const refusal = ({ project, lock }: Pick<StepRequest, 'project' | 'lock'>): Failure | null =>
    steps.ending ? { reason: 'daemon-ending', pid: daemon.info().pid } : locks.refusal(project, lock);
  onBody(router, 'POST /v1/applies', {
    parse: parseClaim,
    answer: (body, response) => {
      const { project, file, by } = body;
      const refused = refusal(body);
      if (refused !== null) return refuse(response, refused);
      const claim = projects.claim(body, supervisor.observe(project).length > 0);
      if (!claim.ok) return refuse(response, claim.error);
      events.record({ type: 'apply-started', project, file, serial: claim.value.serial, by });
      return sendJson(response, 200, claim.value);
    },
  });
  onBody(router, 'POST /v1/steps', {
    parse: parseStep,
    answer: (body, response) => {
      const refused = refusal(body);
      if (refused !== null) return refuse(response, refused);
      return steps.carryOut(() => streamJson(response, ({ send }) => performStep(body, daemon, send)));
    },
  });
  onBody(router, 'POST /v1/shutdown', {
    parse: parseShutdown,
    answer: async (body, response) => {
      await daemon.shutdown(body);
      sendJson(response, 200, {});
    },
  });
}

function addHandwork(router: Router, daemon: Daemon): void {
  onBody(router, 'POST /v1/flush', {
    parse: parseFlush,
    answer: async (body, response) => {
      const query = { targets: body.targets, streams: ['out', 'err', 'combined'] } as const;
      const sources = logSources(query, daemon.supervisor.observe(), daemon.info().home);
      const files = [];
      for (const { file } of sources) files.push({ file, bytes: await daemon.keeper.flush(file) });
      sendJson(response, 200, { files });
    },
  });
  onBody(router, 'POST /v1/signals', {
    parse: parseSignal,
    answer: (body, response) => answerWith(response, signalWorkers(body, daemon)),
  });
  onBody(router, 'POST /v1/resets', {
    parse: parseReset,
    answer: (body, response) => answerWith(response, resetRestarts(body, daemon)),
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
}

function on(router: Router, route: string, handler: (exchange: Exchange) => void | Promise<void>): void {
  const [method, path = ''] = route.split(' ');
  router.on(method as HTTPMethod, path, (request, response, parameters, _store, query) => {
    // Not awaited: the router has nothing to do with the end of an answer. A bug is a crash, as anywhere in the daemon.
    void handler({ request, response, parameters, query });
  });
}

/** For requests with a body. */
function onBody<T>(
  router: Router,
  route: string,
  {
    parse,
    answer,
  }: { readonly parse: Parser<T>; readonly answer: (body: T, response: ServerResponse) => void | Promise<void> },
): void {
  on(router, route, async ({ request, response }) => {
    const body = parse(await readJsonBody(request, LARGEST_BODY));
    if (!body.ok) return refuse(response, { reason: 'bad-request', problem: body.error });
    return answer(body.value, response);
  });
}

function answerWith(response: ServerResponse, answer: Result<object>): void {
  if (answer.ok) sendJson(response, 200, answer.value);
  else refuse(response, answer.error);
}

function refuse(response: ServerResponse, failure: Failure): void {
  sendJson(response, failure.reason === 'bad-request' ? 400 : 409, failure);
}

interface EventStream {
  readonly say: (message: EventMessage) => void;
  readonly signal: AbortSignal;
  readonly follow: boolean;
}

async function streamEvents(events: EventLog, { say, signal, follow }: EventStream): Promise<void> {
  say({ type: 'recent', events: events.recent() });
  if (!follow) return;
  events.follow((event) => say({ type: 'event', event }), signal);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
