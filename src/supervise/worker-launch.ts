import { delimiter, join } from 'node:path';
import { isNodeProgram, type AppSpec, type LogTarget } from '../domain/app-spec.ts';
import type { AppKey, WorkerId } from '../domain/names.ts';
import { firstInheritedFd, type LaunchRequest } from '../platform/launcher.ts';
import { PRELOAD_VARIABLE, type PreloadOrders } from '../protocol/worker.ts';
import type { KnownSocket } from './socket-vault.ts';

/** What is the same for all workers of this machine. */
export interface WorkerSurroundings {
  readonly home: string;
  readonly node: string;
  readonly preload: string;
  readonly baseEnvironment: Readonly<Record<string, string>>;
}

/** Which worker of which app, and what it inherits. */
export interface WorkerIdentity {
  readonly key: AppKey;
  readonly id: WorkerId;
  readonly instance: number;
  readonly revision: number;
  readonly sockets: readonly KnownSocket[];
  readonly ticketKeys: string;
}

/** Path of the control link's socket. */
export function linkPath(home: string): string {
  return join(home, 'run', 'workers.sock');
}

/** Path of the socket at which listening sockets come back. */
export function handlesPath(home: string): string {
  return join(home, 'run', 'handles.sock');
}

/** Names a process of this home beyond doubt, in its initial environment, for as long as it lives. */
export function ecoIdOf(home: string, id: WorkerId): string {
  return `${home} ${id}`;
}

export function launchRequest(spec: AppSpec, worker: WorkerIdentity, surroundings: WorkerSurroundings): LaunchRequest {
  const node = isNodeProgram(spec);
  const { outFile, errorFile } = logFiles(spec, worker, surroundings.home);
  const [command = spec.script, ...args] = commandLine(spec, surroundings);
  return {
    command,
    args,
    cwd: spec.cwd,
    env: {
      ...checkEnvironment(spec, worker, surroundings),
      ...(node ? { [PRELOAD_VARIABLE]: JSON.stringify(preloadOrders(spec, worker, surroundings.home)) } : {}),
    },
    outFile,
    errorFile,
    ipc: node,
    inherit: node ? worker.sockets.map(({ socket }) => socket.fd) : [],
  };
}

function commandLine(spec: AppSpec, { node, preload }: WorkerSurroundings): readonly string[] {
  const { interpreter, interpreterArgs, script, args } = spec;
  if (interpreter.type === 'none') return [script, ...args];
  const program = interpreter.type === 'node' ? node : interpreter.path;
  const preloadArgs = isNodeProgram(spec) ? ['--require', preload] : [];
  return [program, ...preloadArgs, ...interpreterArgs, script, ...args];
}

/** The environment of a worker without the orders to its preload: what its checks run in. */
export function checkEnvironment(
  spec: AppSpec,
  worker: Omit<WorkerIdentity, 'sockets' | 'ticketKeys'>,
  { home, baseEnvironment }: WorkerSurroundings,
): Readonly<Record<string, string>> {
  const wanted = { ...baseEnvironment, ...spec.env };
  const path = [...spec.pathPrefix, ...(wanted['PATH'] === undefined ? [] : [wanted['PATH']])].join(delimiter);
  return {
    ...wanted,
    ...(path === '' ? {} : { PATH: path }),
    [spec.instanceVar]: String(worker.instance),
    ECO_APP: spec.name,
    ECO_PROJECT: worker.key.project,
    ECO_INSTANCE: String(worker.instance),
    ECO_REVISION: String(worker.revision),
    ECO_ID: ecoIdOf(home, worker.id),
  };
}

function preloadOrders(
  spec: AppSpec,
  { id, instance, sockets, ticketKeys }: WorkerIdentity,
  home: string,
): PreloadOrders {
  const firstFd = firstInheritedFd(true);
  return {
    worker: id,
    link: linkPath(home),
    handles: handlesPath(home),
    execMode: spec.execMode,
    clusterId: instance + 1,
    sockets: sockets.map(({ address }, i) => ({ address, fd: firstFd + i })),
    ticketKeys,
  };
}

export interface LogFiles {
  readonly outFile: string | null;
  readonly errorFile: string | null;
}

/** Absolute paths; null where the output is discarded. */
export function logFiles(
  spec: AppSpec,
  { key, instance }: Pick<WorkerIdentity, 'key' | 'instance'>,
  home: string,
): LogFiles {
  const place = (target: LogTarget, ending: string): string | null => {
    if (target.type === 'discard') return null;
    if (target.type === 'file') return spec.mergeLogs ? target.path : withInstance(target.path, instance);
    const name = fileNameOf(spec.mergeLogs ? key.app : `${key.app}-${instance}`);
    return join(home, 'logs', fileNameOf(key.project), `${name}.${ending}`);
  };
  return { outFile: place(spec.outFile, 'out.log'), errorFile: place(spec.errorFile, 'err.log') };
}

/** As PM2 does: `app.log` becomes `app-0.log`; a name without `.log` gets the number at its end. */
function withInstance(path: string, instance: number): string {
  return path.endsWith('.log') ? `${path.slice(0, -'.log'.length)}-${instance}.log` : `${path}-${instance}`;
}

/** Names may hold any character; files may not. Keeps what is readable, so that people find their logs. */
export function fileNameOf(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E').replace(/\*/g, '%2A');
}
