import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpClient } from '../../src/client/http-client.ts';
import type { DaemonClient } from '../../src/client/daemon-client.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import type { Result } from '../../src/domain/result.ts';
import type { StepOutcome, StepRequest, WorkerProgress } from '../../src/protocol/control.ts';
import { eventually } from './eventually.ts';
import { kill, processesWith } from './processes.ts';
import { appSpec } from './states.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** What the daemons of a rig say of themselves; not in the home, which is for them to make. */
const DAEMON_LOG = 'daemon.log';
const BY = { user: 'test', host: 'here', pid: process.pid };

/** A daemon of the built product in a home of its own, told what to do over its socket. */
export class DaemonRig {
  readonly root: string;
  readonly home: string;
  /** The Node that the next daemon runs on. */
  node = process.execPath;
  readonly #program: string;
  readonly #daemons: ChildProcess[] = [];

  private constructor(root: string, packageFolder: string) {
    this.root = root;
    this.home = join(root, 'home');
    this.#program = join(packageFolder, 'dist', 'ecod.js');
  }

  static async create(packageFolder: string): Promise<DaemonRig> {
    const rig = new DaemonRig(await mkdtemp(join(tmpdir(), 'eco-')), packageFolder);
    await mkdir(join(rig.root, 'app'));
    await symlink(join(repository, 'node_modules'), join(rig.root, 'node_modules'));
    return rig;
  }

  get client(): DaemonClient {
    return httpClient({ socketPath: join(this.home, 'daemon.sock'), log: join(this.home, 'daemon.log') });
  }

  /** Starts a daemon, whether or not one runs. */
  spawnDaemon(): ChildProcess {
    const log = openSync(join(this.root, DAEMON_LOG), 'a');
    const daemon = spawn(this.node, [this.#program], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', HOME: this.root, LANG: 'C.UTF-8', ECO_HOME: this.home },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#daemons.push(daemon);
    return daemon;
  }

  async startDaemon(): Promise<ChildProcess> {
    const daemon = this.spawnDaemon();
    await eventually(async () => (await this.client.info()).ok);
    return daemon;
  }

  /** As a machine would end it that has run out of memory. */
  async killDaemon(): Promise<void> {
    const daemon = this.#daemons.at(-1);
    if (daemon === undefined || daemon.exitCode !== null) throw new Error('no daemon runs');
    const exited = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await exited;
  }

  path(name: string): string {
    return join(this.root, 'app', name);
  }

  async write(name: string, code: string): Promise<string> {
    await writeFile(this.path(name), code);
    return this.path(name);
  }

  /** An app of that program, for the Node of the daemon unless told otherwise. */
  spec(script: string, fields: Partial<AppSpec> = {}): AppSpec {
    return appSpec({
      name: 'app',
      script,
      cwd: join(this.root, 'app'),
      killTimeout: 3000,
      readyTimeout: 20_000,
      ...fields,
    });
  }

  async step(
    action: StepRequest['action'],
    onProgress: (workers: readonly WorkerProgress[]) => void = () => {},
  ): Promise<Result<StepOutcome>> {
    const app = 'spec' in action ? action.spec.name : 'app';
    const request = { project: 'test', app, action, by: BY, asked: 'file', manifest: null } as const;
    const signal = AbortSignal.timeout(60_000);
    return this.client.step(request, { signal, onProgress: ({ workers }) => onProgress(workers) });
  }

  /** Fails unless the step succeeds. */
  async ok(action: StepRequest['action']): Promise<void> {
    const outcome = await this.step(action);
    if (!outcome.ok)
      throw new Error(`${action.type}: ${JSON.stringify(outcome.error, null, 1)}\n${await this.readLogs()}`);
  }

  async observe(name = 'app'): Promise<ObservedApp> {
    const observed = await this.client.observe('test');
    if (!observed.ok) throw new Error(JSON.stringify(observed.error));
    const found = observed.value.projects.flatMap(({ apps }) => apps).find((app) => app.name === name);
    if (found === undefined) throw new Error(`no app is named ${name}`);
    return found;
  }

  async pids(name = 'app'): Promise<readonly number[]> {
    const { workers } = await this.observe(name);
    return workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  /** The ports that the app's workers listen on, each once, sorted. */
  async ports(name = 'app'): Promise<readonly number[]> {
    const { workers } = await this.observe(name);
    const ports = workers.flatMap(({ listening }) => listening.map((address) => Number(address.split(':').at(-1))));
    return [...new Set(ports)].sort((a, b) => a - b);
  }

  /** What the app's first worker wrote on a stream. */
  async output(stream: 'out' | 'err', name = 'app'): Promise<string> {
    return readFile(join(this.home, 'logs', 'test', `${name}-0.${stream}.log`), 'utf8').catch(() => '');
  }

  /** The JSON document that a test program has printed, once it is there. */
  async printed<T>(name = 'app'): Promise<T> {
    return eventually(async () => JSON.parse((await this.output('out', name)).split('\n')[0] ?? '') as T);
  }

  /** What the daemons, and the apps, have written. */
  async readLogs(): Promise<string> {
    const names = await readdir(this.root, { recursive: true });
    const logs = names.filter((name) => name.endsWith('.log') && !name.startsWith('node_modules')).sort();
    const texts = logs.map(async (name) => `--- ${name}\n${await readFile(join(this.root, name), 'utf8')}`);
    return (await Promise.all(texts)).join('\n');
  }

  /** Ends the apps and the daemons, proves that nothing is left, and removes the folder. */
  async dispose(): Promise<void> {
    await this.client.shutdown({ apps: true });
    for (const daemon of this.#daemons)
      if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
    const left = processesWith(this.root);
    while (processesWith(this.root).length > 0) processesWith(this.root).forEach(({ pid }) => kill(pid));
    await rm(this.root, { recursive: true, force: true });
    if (left.length > 0)
      throw new Error(`processes were left behind: ${left.map(({ command }) => command).join('; ')}`);
  }
}

/** GET on a connection of its own, to a port or the path of a socket. */
export function get(place: number | string, path = '/'): Promise<string> {
  const where = typeof place === 'number' ? { host: '127.0.0.1', port: place } : { socketPath: place };
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path, agent: false, timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve(body));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${place} did not answer`)));
    sent.on('error', reject);
    sent.end();
  });
}

/** Clients that ask again and again until they are told to stop, and then say what they were told. */
export function getAgainAndAgain(place: number | string, { clients }: { readonly clients: number }) {
  const answers = new Set<string>();
  const problems: string[] = [];
  const stop = new AbortController();
  const ask = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await get(place).then(
        (answer) => answers.add(answer),
        (error: unknown) => problems.push(String(error)),
      );
    }
  };
  const done = Promise.all(Array.from({ length: clients }, ask));
  return {
    answers,
    stop: async () => {
      stop.abort();
      await done;
      return { answers, problems };
    },
  };
}
