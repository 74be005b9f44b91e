import { once } from 'node:events';
import type { CliContext, DaemonStart } from '../../src/cli/context.ts';
import { runProgram } from '../../src/cli/program/program.ts';
import type { DaemonClient } from '../../src/client/daemon-client.ts';
import type { LoadedEcosystem } from '../../src/config/load-ecosystem.ts';
import { fakeBootMachine } from '../support/fake-boot-machine.ts';
import { startedWorkers } from '../../src/cli/flow/stray-workers.ts';
import type { BootMachine } from '../../src/platform/boot-machine.ts';
import { appSpec, observedWorker } from '../support/states.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { Failure } from '../../src/domain/failure.ts';
import type { AppHistory, Source } from '../../src/domain/history.ts';
import type { ProjectLock } from '../../src/domain/lock.ts';
import type { ObservedApp, ObservedState } from '../../src/domain/observed-state.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import type { ObservedWorker, WorkerPhase } from '../../src/domain/worker-state.ts';
import type { Answer } from '../../src/platform/ask.ts';
import { health, type Health } from '../../src/platform/health.ts';
import type { InterruptSignal } from '../../src/platform/interrupt.ts';
import type {
  EventMessage,
  FlushedFile,
  LogLine,
  ResetRequest,
  SignalRequest,
  StepOutcome,
  StepRequest,
} from '../../src/protocol/control.ts';

export interface World {
  /** null: no daemon runs. */
  readonly observed?: ObservedState | null;
  readonly homeHasApps?: boolean;
  readonly loaded?: Result<LoadedEcosystem>;
  readonly interactive?: boolean;
  readonly isTTY?: boolean;
  readonly answer?: Answer;
  readonly claim?: Failure;
  /** Who else has the lock, after so many pauses. */
  readonly lock?: (pauses: number) => ProjectLock | null;
  readonly unlock?: Result<ProjectLock>;
  readonly source?: Source;
  readonly history?: Result<AppHistory>;
  readonly onStep?: (request: StepRequest, signal: AbortSignal) => Promise<Result<StepOutcome>>;
  /** What the end of the daemon waits for. */
  readonly shutdown?: Promise<void>;
  readonly logLines?: readonly LogLine[];
  readonly flushed?: readonly FlushedFile[];
  readonly events?: readonly EventMessage[];
  /** After each pause of a command that looks again and again: what it sees from then on. */
  readonly later?: (pauses: number) => ObservedState;
  readonly bootMachine?: BootMachine;
  readonly health?: Health;
  /** Absolute paths that exist. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const UNREACHABLE: Failure = {
  reason: 'daemon-unreachable',
  socket: '/h/s',
  cause: 'ENOENT',
  log: '/h/log',
  taken: false,
};

/** Runs `eco …` against a made-up world, and records all that it touched. */
export function fakeEco(world: World) {
  const timers = new Set<() => void>();
  const seen = {
    out: '',
    err: '',
    summary: '',
    questions: [] as string[],
    connections: [] as DaemonStart[],
    calls: [] as string[],
    steps: [] as StepRequest[],
    interrupt: (_signal: InterruptSignal, _count: number): void => {},
    /** Until every timer that is set has gone off. */
    passTime: (): void => {
      const due = [...timers];
      timers.clear();
      due.forEach((callback) => callback());
    },
    loadedWith: [] as object[],
    logQueries: [] as object[],
    signals: [] as SignalRequest[],
    resets: [] as ResetRequest[],
    pauses: 0,
    written: new Map<string, string>(),
  };
  let now = 0;
  const client = fakeClient(world, seen);
  const context: Omit<CliContext, 'console'> = {
    host: null,
    place: async () => ({ host: 'box', home: '/home/me/.eco' }),
    close: async () => {},
    reach: async () => {
      throw new Error('no other machine is here');
    },
    hostGroup: null,
    cwd: '/home/me/shop',
    environment: world.environment ?? {},
    home: '/home/me/.eco',
    clock: {
      now: () => now,
      wallTime: () => 0,
      after: (_span, callback) => {
        timers.add(callback);
        return { cancel: () => void timers.delete(callback) };
      },
    },
    pause: async (span) => {
      now += span;
      seen.pauses += 1;
    },
    actor: async () => ({ user: 'alice', host: 'box', pid: 1 }),
    newLock: async () => ({
      id: 'l0ck',
      holder: { user: 'alice', host: 'box', pid: 1, command: 'eco apply', job: null, startTime: '1', space: 'here' },
    }),
    source: async () => world.source ?? null,
    load: async (options) => {
      seen.loadedWith.push(options);
      return world.loaded ?? err({ reason: 'config-invalid', diagnostics: [] });
    },
    connect: async (start) => {
      seen.connections.push(start);
      return world.observed === null && start === 'never' ? err(UNREACHABLE) : ok(client);
    },
    runningDaemon: async () => (world.observed === null ? err(UNREACHABLE) : ok(client)),
    program: { version: '1.2.3', node: 'v20.0.0' },
    foreground: async () => err({ reason: 'home-unusable', home: '/tmp', problem: 'it is full' }),
    startedWorkers: async () => startedWorkers('/home/me/.eco', world.health ?? { startedWith: () => [] }),
    homeHasApps: async () => world.homeHasApps ?? false,
    processEnd: async () => true,
    bootMachine: async () => world.bootMachine ?? fakeBootMachine().machine,
    health: async () =>
      world.health ?? { ...health, folder: () => ({ exists: true, problem: null, freeBytes: 2 ** 40 }) },
    readFile: (path) => seen.written.get(path) ?? null,
    fileKind: (path) => (world.files?.includes(path) === true ? 'file' : 'missing'),
    replaceFile: (path, content) => {
      seen.written.set(path, content);
      return true;
    },
    createFile: (path, content) => {
      seen.written.set(path, content);
      return 'created';
    },
    ask: async (question) => {
      seen.questions.push(question);
      return world.answer ?? 'no';
    },
    onInterrupt: (callback) => {
      seen.interrupt = callback;
      return () => {};
    },
    fullScreen: async () => ({ paint: () => {}, onResize: () => () => {}, onHangUp: () => () => {}, leave: () => {} }),
    onKey: () => () => {},
    onOutputClosed: () => () => {},
  };
  const write = (stream: 'out' | 'err') => (text: string) => {
    seen[stream] += text;
  };
  const run = async (...args: readonly string[]): Promise<number> =>
    runProgram(args, {
      out: write('out'),
      err: write('err'),
      columns: 120,
      makeContext: (flags) => ({
        ...context,
        console: {
          out: write('out'),
          err: write('err'),
          colour: false,
          columns: 120,
          rows: 40,
          isTTY: world.isTTY ?? false,
          animated: false,
          isInteractive: (world.interactive ?? false) && flags.json !== true,
          json: flags.json === true,
          quiet: flags.quiet === true,
          verbose: flags.verbose === true,
          annotations:
            context.environment.GITHUB_ACTIONS === 'true'
              ? (context.environment.GITHUB_WORKSPACE ?? context.cwd)
              : null,
          summary:
            context.environment.GITHUB_STEP_SUMMARY === undefined ? null : (text) => void (seen.summary += `${text}\n`),
          sections: context.environment.GITLAB_CI === 'true',
          command: write(context.environment.GITLAB_CI === 'true' ? 'out' : 'err'),
          cwd: '/home/me/shop',
        },
      }),
    });
  return { run, seen };
}

type Seen = ReturnType<typeof fakeEco>['seen'];

function fakeClient(world: World, seen: Seen): DaemonClient {
  const observed = (): ObservedState =>
    seen.pauses > 0 && world.later !== undefined ? world.later(seen.pauses) : (world.observed ?? { projects: [] });
  const called = <T>(name: string, value: T): T => {
    seen.calls.push(name);
    return value;
  };
  return {
    info: async () => called('info', ok(INFO)),
    observe: async (project, options) => {
      const projects = observed().projects.filter(({ name }) => project === undefined || name === project);
      return called(options?.settled === true ? 'observe settled' : 'observe', ok({ projects }));
    },
    lock: async function* ({ id, project, holder, message }, signal) {
      const refused = world.lock?.(seen.pauses) ?? null;
      yield refused === null
        ? called('lock', ok({ type: 'granted', lock: { id, project, holder, message, since: 0 } } as const))
        : err({ reason: 'lock-held', lock: refused } as const);
      if (refused === null && !signal.aborted) await once(signal, 'abort');
    },
    unlock: async ({ id, by }) => {
      seen.calls.push(by === null ? 'release' : `unlock ${id}`);
      return world.unlock ?? err({ reason: 'no-such-lock', id });
    },
    claim: async () => called('claim', world.claim === undefined ? ok({ serial: 1 }) : err(world.claim)),
    step: async (request, { signal }) => {
      seen.steps.push(request);
      return (await world.onStep?.(request, signal)) ?? ok({ serving: { revision: 1, ready: 1, desired: 1 } });
    },
    manifest: async (digest) => called(`manifest ${digest}`, ok({})),
    history: async ({ project, app }) =>
      called(
        `history ${project}/${app}`,
        world.history ?? err({ reason: 'no-such-app', target: app, didYouMean: null }),
      ),
    flush: async ({ targets }) => {
      seen.calls.push(`flush ${targets.map(({ app, instance }) => `${app}:${instance ?? '*'}`).join(' ')}`);
      return ok({ files: world.flushed ?? [] });
    },
    logs: async function* (query) {
      seen.logQueries.push(query);
      for (const line of world.logLines ?? []) yield ok({ ...line, file: '/logs/api.log', end: 6 });
    },
    events: async function* () {
      for (const message of world.events ?? []) yield ok(message);
    },
    signal: async (request) => {
      seen.signals.push(request);
      return ok({ pids: [100] });
    },
    reset: async (request) => {
      seen.resets.push(request);
      return ok(undefined);
    },
    shutdown: async ({ apps }) => {
      await world.shutdown;
      return called(apps ? 'shutdown with apps' : 'shutdown', ok(undefined));
    },
  };
}

const INFO = {
  protocol: 1,
  version: '1.2.3',
  pid: 77,
  node: 'v20.0.0',
  reusePort: 'needs-newer-node',
  home: '/home/me/.eco',
  uptime: 1000,
  apps: 2,
  workers: 3,
  memoryBytes: 1024,
} as const;

export const ORIGIN = { type: 'folder', path: '/home/me/shop' } as const;

export function spec(name: string, overrides: Partial<AppSpec> = {}): AppSpec {
  return appSpec({ name, script: `/home/me/shop/${name}.js`, cwd: '/home/me/shop', mergeLogs: true, ...overrides });
}

export interface AppOptions {
  readonly project?: string;
  readonly phase?: WorkerPhase;
  readonly goal?: ObservedApp['goal'];
  readonly spec?: Partial<AppSpec>;
}

export function app(name: string, options: AppOptions = {}): ObservedApp {
  const own = spec(name, options.spec);
  const workers = Array.from({ length: own.instances }, (_, instance) => worker(instance, options.phase ?? 'ready'));
  return {
    name,
    project: options.project ?? 'shop',
    spec: own,
    applied: own,
    appliedRevision: 1,
    goal: options.goal ?? 'running',
    manualChanges: [],
    revision: 1,
    workers: options.goal === 'stopped' ? [] : workers,
  };
}

function worker(instance: number, phase: WorkerPhase): ObservedWorker {
  const [id, pid] = [`w${instance}`, 100 + instance];
  return observedWorker({ id, instance, pid, phase, startedAt: 0, uptime: 5000, memoryBytes: 1024, cpuPercent: 0 });
}

/** Apps by project, as a daemon would answer. */
export function observedApps(apps: readonly ObservedApp[]): ObservedState {
  const names = [...new Set(apps.map(({ project }) => project))].sort();
  return {
    projects: names.map((name) => ({
      name,
      origin: ORIGIN,
      file: '/home/me/shop/ecosystem.yaml',
      serial: 3,
      apps: apps.filter(({ project }) => project === name),
    })),
  };
}

export function loadedFile(apps: readonly AppSpec[], project = 'shop'): Result<LoadedEcosystem> {
  return ok({
    desired: { project, origin: ORIGIN, file: '/home/me/shop/ecosystem.yaml', apps, manifests: {} },
    warnings: [],
    locateApp: (name) => ({
      file: '/home/me/shop/ecosystem.yaml',
      range: { start: { line: 7, column: 5 }, end: { line: 7, column: 8 } },
      path: name,
      frame: [],
    }),
  });
}
