import { delimiter, join } from 'node:path';
import { preloadWay, type AppSpec, type LogTarget, type PreloadWay } from '../domain/app-spec.ts';
import type { AppKey, WorkerId } from '../domain/names.ts';
import { specFor } from '../domain/templates.ts';
import { firstInheritedFd, type LaunchRequest } from '../platform/launcher.ts';
import { PRELOAD_VARIABLE, type PreloadOrders } from '../protocol/worker.ts';
import { unreachable } from '../util/unreachable.ts';
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
  /** The daemon can make a socket for each worker. */
  readonly canGroup: boolean;
  /** Values of the app's `secrets`. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Path of the control link's socket. */
export function linkPath(home: string): string {
  return join(home, 'run', 'workers.sock');
}

/** Path of the socket at which listening sockets come back. */
export function handlesPath(home: string): string {
  return join(home, 'run', 'handles.sock');
}

/** Path of the folder of exit records. */
export function exitsPath(home: string): string {
  return join(home, 'run', 'exits');
}

/** Path of the file in which a Node process notes its exit code. */
export function exitRecordPath(home: string, id: WorkerId): string {
  return join(exitsPath(home), `${fileNameOf(id)}.json`);
}

/** In the environment of what is run for a worker besides its own process: hooks and probes. */
export const AUXILIARY_VARIABLE = 'ECO_AUXILIARY';

/** Names a process of this home beyond doubt, in its initial environment, for as long as it lives. */
export function ecoIdOf(home: string, id: WorkerId): string {
  return `${home} ${id}`;
}

export function launchRequest(
  general: AppSpec,
  worker: WorkerIdentity,
  surroundings: WorkerSurroundings,
): LaunchRequest {
  const spec = specFor(worker.instance, general);
  const way = preloadWay(spec);
  const { outFile, errorFile, combinedFile } = logFiles(spec, worker, surroundings.home);
  const [command = spec.script, ...args] = commandLine(spec, surroundings);
  return {
    command,
    args,
    cwd: spec.cwd,
    env: {
      ...checkEnvironment(general, worker, surroundings),
      ...preloadVariables(spec, worker, surroundings),
    },
    outFile,
    errorFile,
    combinedFile,
    ipc: way === 'argument',
    ...(spec.user === null ? {} : { user: { uid: spec.user.uid, gid: spec.user.gid } }),
    inherit: way === 'argument' ? worker.sockets.map(({ socket }) => socket.fd) : [],
  };
}

function commandLine(spec: AppSpec, { node, preload }: WorkerSurroundings): readonly string[] {
  const { interpreter, interpreterArgs, script, args } = spec;
  if (interpreter.type === 'none') return [script, ...args];
  const program = interpreter.type === 'node' ? node : interpreter.path;
  const preloadArgs = preloadWay(spec) === 'argument' ? ['--require', preload] : [];
  return [program, ...preloadArgs, ...interpreterArgs, script, ...args];
}

/** The environment of a worker without the orders to its preload: what its checks run in. */
export function checkEnvironment(
  spec: AppSpec,
  worker: Omit<WorkerIdentity, 'sockets' | 'ticketKeys' | 'canGroup'>,
  { home, baseEnvironment }: WorkerSurroundings,
): Readonly<Record<string, string>> {
  const wanted = {
    ...baseEnvironment,
    ...userVariables(spec),
    ...pm2Variables(spec, worker),
    ...specFor(worker.instance, spec).env,
    ...worker.secrets,
  };
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

/** https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_03 */
function userVariables({ user }: AppSpec): Readonly<Record<string, string>> {
  if (user === null) return {};
  const { name, home } = user;
  return { ...(home === null ? {} : { HOME: home }), ...(name === null ? {} : { USER: name, LOGNAME: name }) };
}

function pm2Variables(
  { pm2Env, name }: AppSpec,
  { instance }: Pick<WorkerIdentity, 'instance'>,
): Readonly<Record<string, string>> {
  return pm2Env ? { pm_id: String(instance), name } : {};
}

function preloadVariables(
  spec: AppSpec,
  worker: WorkerIdentity,
  { home, preload }: WorkerSurroundings,
): Readonly<Record<string, string>> {
  const way: PreloadWay = preloadWay(spec);
  switch (way) {
    case 'argument':
      return { [PRELOAD_VARIABLE]: JSON.stringify(workerOrders(spec, worker, home)) };
    case 'environment': {
      const theirs = spec.env['NODE_OPTIONS'];
      return {
        [PRELOAD_VARIABLE]: JSON.stringify(wrappedOrders(spec, worker, home)),
        NODE_OPTIONS: [`--require ${quoteNodeOption(preload)}`, ...(theirs === undefined ? [] : [theirs])].join(' '),
      };
    }
    case 'none':
      return {};
    default:
      return unreachable(way);
  }
}

/** https://nodejs.org/api/cli.html#node_optionsoptions */
function quoteNodeOption(value: string): string {
  return `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
}

/** Read by any Node process below the wrapper: nothing in it is secret, or for one process only. */
function wrappedOrders(spec: AppSpec, worker: WorkerIdentity, home: string): PreloadOrders {
  const orders = workerOrders(spec, { ...worker, sockets: [] }, home);
  return { ...orders, role: 'first-to-listen', execMode: 'fork', ticketKeys: '' };
}

function workerOrders(
  spec: AppSpec,
  { key, id, instance, sockets, ticketKeys, canGroup }: WorkerIdentity,
  home: string,
): PreloadOrders {
  const firstFd = firstInheritedFd(true);
  return {
    worker: id,
    role: 'worker',
    link: linkPath(home),
    handles: handlesPath(home),
    exitRecord: exitRecordPath(home, id),
    execMode: spec.execMode,
    balance: canGroup ? spec.balance : 'shared',
    clusterId: instance + 1,
    sockets: sockets.map(({ address, slot }, i) => ({ address, fd: firstFd + i, slot })),
    ticketKeys,
    minReady: spec.rollout.minReady,
    logs: logOrders(spec, { key, instance }, home),
  };
}

/** null: the program writes as it likes. */
function logOrders(
  spec: AppSpec,
  worker: Pick<WorkerIdentity, 'key' | 'instance'>,
  home: string,
): PreloadOrders['logs'] {
  const { combinedFile } = logFiles(spec, worker, home);
  const { name: app, logType: type, logDateFormat: dateFormat } = spec;
  if (type === 'raw' && dateFormat === null && combinedFile === null) return null;
  return { type, dateFormat, combinedFile, app, instance: worker.instance };
}

export interface LogFiles {
  readonly outFile: string | null;
  readonly errorFile: string | null;
}

export interface AllLogFiles extends LogFiles {
  /** Gets both streams besides. */
  readonly combinedFile: string | null;
}

/** Absolute paths; null where the output is discarded. */
export function logFiles(
  spec: AppSpec,
  { key, instance }: Pick<WorkerIdentity, 'key' | 'instance'>,
  home: string,
): AllLogFiles {
  const place = (target: LogTarget, ending: string): string | null => {
    if (target.type === 'discard') return null;
    if (target.type === 'file') return spec.mergeLogs ? target.path : withInstance(target.path, instance);
    const name = fileNameOf(spec.mergeLogs ? key.app : `${key.app}-${instance}`);
    return join(home, 'logs', fileNameOf(key.project), `${name}.${ending}`);
  };
  return {
    outFile: place(spec.outFile, 'out.log'),
    errorFile: place(spec.errorFile, 'err.log'),
    combinedFile: preloadWay(spec) === 'argument' ? place(spec.combinedFile, 'all.log') : null,
  };
}

/** As PM2 does: `app.log` becomes `app-0.log`; a name without `.log` gets the number at its end. */
function withInstance(path: string, instance: number): string {
  return path.endsWith('.log') ? `${path.slice(0, -'.log'.length)}-${instance}.log` : `${path}-${instance}`;
}

/** Names may hold any character; files may not. Keeps what is readable, so that people find their logs. */
export function fileNameOf(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E').replace(/\*/g, '%2A');
}
