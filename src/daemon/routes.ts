import { Hono, type Context } from 'hono';
import type { Failure } from '../domain/failure.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { problemOfClaim, problemOfLogQuery, problemOfShutdown, problemOfStep } from '../protocol/check.ts';
import type { ClaimRequest, DaemonInfo, LogQuery, ShutdownRequest, StepRequest } from '../protocol/control.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { EventLog } from './event-log.ts';
import { streamLogs } from './log-stream.ts';
import { ndjson } from './ndjson.ts';
import type { Projects } from './projects.ts';
import { performStep } from './steps.ts';
import type { Store } from './store.ts';

export interface Daemon {
  readonly supervisor: Supervisor;
  readonly projects: Projects;
  readonly store: Store;
  readonly events: EventLog;
  readonly info: () => DaemonInfo;
  /** Ends the daemon; answers once the apps are gone, if that is asked. */
  readonly shutdown: (request: ShutdownRequest) => Promise<void>;
}

/** The API of `protocol/control`. */
export function routes(daemon: Daemon): Hono {
  const app = new Hono();
  addReads(app, daemon);
  addWrites(app, daemon);
  app.notFound((context) => refuse(context, { reason: 'bad-request', problem: `nothing is at ${context.req.path}` }));
  return app;
}

function addReads(app: Hono, { supervisor, projects, store, events, info }: Daemon): void {
  app.get('/v1/info', (context) => context.json(info()));
  app.get('/v1/observed', (context) => {
    const project = context.req.query('project');
    return context.json({ projects: projects.observe(supervisor.observe(project), project) });
  });
  app.get('/v1/manifests/:digest', (context) => context.json(store.loadManifest(context.req.param('digest'))));
  app.get('/v1/events', (context) =>
    ndjson((send, signal) => streamEvents(events, { send, signal, follow: context.req.query('follow') === '1' })),
  );
  app.post('/v1/logs', async (context) => {
    const body = await readBody<LogQuery>(context, problemOfLogQuery);
    if (!body.ok) return refuse(context, body.error);
    return ndjson((send, signal) => streamLogs(body.value, supervisor.observe(), { send, signal, home: info().home }));
  });
}

function addWrites(app: Hono, daemon: Daemon): void {
  const { supervisor, projects, events } = daemon;
  app.post('/v1/applies', async (context) => {
    const body = await readBody<ClaimRequest>(context, problemOfClaim);
    if (!body.ok) return refuse(context, body.error);
    const claim = projects.claim(body.value, supervisor.observe(body.value.project).length > 0);
    if (!claim.ok) return refuse(context, claim.error);
    const { project, file, by } = body.value;
    events.record({ type: 'apply-started', project, file, serial: claim.value.serial, by });
    return context.json(claim.value);
  });
  app.post('/v1/steps', async (context) => {
    const body = await readBody<StepRequest>(context, problemOfStep);
    return body.ok ? ndjson((send) => performStep(body.value, daemon, send)) : refuse(context, body.error);
  });
  app.post('/v1/shutdown', async (context) => {
    const body = await readBody<ShutdownRequest>(context, problemOfShutdown);
    if (!body.ok) return refuse(context, body.error);
    await daemon.shutdown(body.value);
    return context.json({});
  });
}

async function readBody<T>(context: Context, problemOf: (body: unknown) => string | null): Promise<Result<T>> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const problem = body === undefined ? 'the body is not JSON' : problemOf(body);
  return problem === null ? ok(body as T) : err({ reason: 'bad-request', problem });
}

function refuse(context: Context, failure: Failure): Response {
  return context.json(failure, failure.reason === 'bad-request' ? 400 : 409);
}

interface EventStream {
  readonly send: (event: object) => void;
  readonly signal: AbortSignal;
  readonly follow: boolean;
}

async function streamEvents(events: EventLog, { send, signal, follow }: EventStream): Promise<void> {
  for (const event of events.recent()) send(event);
  if (!follow) return;
  events.follow(send, signal);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
