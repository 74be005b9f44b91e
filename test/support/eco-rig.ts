import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { freePort } from './free-port.ts';
import { eventually, type EventuallyOptions } from './eventually.ts';
import { parseListedApps, type ListedApp } from './list-document.ts';
import { kill, processesWith, type ProcessInfo } from './processes.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface RunOptions {
  /** Within the project's folder; that folder unless told. */
  readonly in?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command counts as hung; 60 s unless told. */
  readonly timeout?: number;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, in the order in which they were written. */
  readonly all: string;
  /** Milliseconds. */
  readonly wall: number;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface EcoTerminal {
  /** All that it has shown so far, with the sequences that colour it. */
  readonly screen: string;
  readonly onText: (callback: () => void) => void;
  readonly type: (keys: string) => void;
  /** As a person closes the window. */
  readonly close: () => void;
  /** The exit code of the command. */
  readonly ended: Promise<number>;
}

/** An ecosystem file, or any other file: text as it is, everything else as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** The packed product in a world of its own: an ECO_HOME, a project's folder, processes that it ends and accounts for. */
export class EcoRig {
  /** Everything of this rig is under here. Short, because the path of a unix socket may have 107 bytes. */
  readonly root: string;
  readonly home: string;
  /** Where the ecosystem file is and where commands are run. */
  readonly folder: string;
  /** Runs eco, and so its daemon and, unless told otherwise, the workers. */
  node = process.execPath;
  /** What `dispose` found in the daemon's log and the logs of the apps. */
  logs = '';
  /** The package that commands are run from. */
  packageFolder: string;

  private constructor(root: string, packageFolder: string) {
    this.root = root;
    this.home = join(root, 'home');
    this.folder = join(root, 'app');
    this.packageFolder = packageFolder;
  }

  static async create(packageFolder: string): Promise<EcoRig> {
    const rig = new EcoRig(await mkdtemp(join(tmpdir(), 'eco-')), packageFolder);
    await mkdir(rig.folder);
    await mkdir(join(rig.root, 'user'));
    await symlink(join(repository, 'node_modules'), join(rig.root, 'node_modules'));
    return rig;
  }

  get binary(): string {
    return join(this.packageFolder, 'dist', 'eco.js');
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  async write(files: Files): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      const raw = typeof content === 'string' || Buffer.isBuffer(content);
      await writeFile(this.path(name), raw ? content : JSON.stringify(content, null, 2));
    }
  }

  async read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  /** Replaces `before` in a file; fails if it is not there. */
  async edit(name: string, before: string, after: string): Promise<void> {
    const text = await this.read(name);
    if (!text.includes(before)) throw new Error(`${name} does not contain ${before}`);
    await this.write({ [name]: text.replace(before, after) });
  }

  /** Copies a file or folder of `fixtures/` into the project, so that the test may edit it. */
  async copyFixture(name: string, into: string): Promise<void> {
    await this.copy(join('fixtures', name), into);
  }

  /** Copies a file or folder of the repository. */
  async copy(name: string, into: string): Promise<void> {
    await cp(join(repository, name), this.path(into), { recursive: true });
  }

  /** The absolute path of a program in `fixtures/workers/`, for tests that do not edit it. */
  worker(name: string): string {
    return join(repository, 'fixtures', 'workers', `${name}.js`);
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const started = performance.now();
    const result = await execa(this.node, [this.binary, ...args], {
      cwd: this.path(options.in ?? '.'),
      env: { ...this.environment(), ...options.env },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      all: true,
      stripFinalNewline: false,
      timeout: options.timeout ?? 60_000,
    });
    if (result.timedOut) throw new Error(`eco ${args.join(' ')} did not end in time:\n${result.all}`);
    if (result.exitCode === undefined)
      throw new Error(`eco ${args.join(' ')} ended by ${result.signal}:\n${result.all}`);
    const { exitCode, stdout, stderr, all } = result;
    return { exitCode, stdout, stderr, all, wall: performance.now() - started };
  }

  /** Fails unless the command succeeds. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await this.run(args, options);
    if (result.exitCode !== 0) throw new Error(`eco ${args.join(' ')} exited with ${result.exitCode}:\n${result.all}`);
    return result;
  }

  /** The command's only document on stdout; fails unless it succeeds. */
  async json<T = Readonly<Record<string, unknown>>>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const { stdout } = await this.ok([...args, '--json'], options);
    return JSON.parse(stdout) as T;
  }

  /** A command line of the shell, in the same environment. */
  async shell(line: string): Promise<Pick<RunResult, 'exitCode' | 'stdout' | 'stderr'>> {
    const { exitCode, stdout, stderr } = await execa('sh', ['-c', line], {
      cwd: this.folder,
      env: this.environment(),
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      stripFinalNewline: false,
      timeout: 60_000,
    });
    return { exitCode: exitCode ?? -1, stdout, stderr };
  }

  /** Starts a command and leaves it running; `dispose` ends it. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    return spawn(this.node, [this.binary, ...args], {
      cwd: this.path(options.in ?? '.'),
      env: { ...this.environment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs a command in a terminal and types `typed` once the screen shows `at`. */
  async inTerminal(
    args: readonly string[],
    {
      at,
      typed,
      env = {},
    }: { readonly at: RegExp; readonly typed: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Pick<RunResult, 'exitCode' | 'all'>> {
    const terminal = this.openTerminal(args, { env });
    let asked = false;
    terminal.onText(() => {
      if (!asked && at.test(terminal.screen)) terminal.type(typed);
      asked ||= at.test(terminal.screen);
    });
    return { exitCode: await terminal.ended, all: terminal.screen };
  }

  /** Runs a command in a terminal of its own, and leaves it running. */
  openTerminal(
    args: readonly string[],
    { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
  ): EcoTerminal {
    const program = join(repository, 'test', 'support', 'pseudo-terminal.py');
    const command = spawn('python3', [program, this.node, this.binary, ...args], {
      cwd: this.folder,
      env: { ...this.environment(), TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let screen = '';
    command.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
    return {
      get screen() {
        return screen;
      },
      onText: (callback) => void command.stdout.on('data', callback),
      type: (keys) => void command.stdin.write(keys),
      close: () => void command.kill('SIGKILL'),
      ended: once(command, 'close', { signal: AbortSignal.timeout(120_000) }).then(() => command.exitCode ?? -1),
    };
  }

  async apply(...args: readonly string[]): Promise<RunResult> {
    return this.ok(['apply', ...args]);
  }

  async list(): Promise<readonly ListedApp[]> {
    return parseListedApps(await this.json(['list']));
  }

  /** One app of the list; fails if there is none of that name, or several. */
  async app(name: string, project?: string): Promise<ListedApp> {
    const apps = await this.list();
    const found = apps.filter((app) => app.name === name && (project === undefined || app.project === project));
    const [app] = found;
    if (app === undefined || found.length > 1) throw new Error(`${found.length} apps are named ${name}`);
    return app;
  }

  /** The pids of an app's workers, by instance. */
  async pids(name: string, project?: string): Promise<readonly number[]> {
    const { workers } = await this.app(name, project);
    return workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  }

  /** The pid of an app that has one worker. */
  async pid(name: string, project?: string): Promise<number> {
    const pids = await this.pids(name, project);
    const [pid] = pids;
    if (pid === undefined || pids.length > 1) throw new Error(`${name} has ${pids.length} processes`);
    return pid;
  }

  /** A port on which nothing listens. */
  port(): Promise<number> {
    return freePort();
  }

  /** One request on a connection of its own. */
  async get(port: number, path = '/'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, agent: false, timeout: 5000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as Answer['body'];
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`port ${port} did not answer`)));
      sent.on('error', reject);
      sent.end();
    });
  }

  async refuses(port: number): Promise<boolean> {
    return this.get(port).then(
      () => false,
      (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED',
    );
  }

  eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<Exclude<T, false>> {
    return eventually(check, options);
  }

  /** Every living process that eco or a test began in this rig. */
  processes(): readonly ProcessInfo[] {
    return processesWith(this.root);
  }

  /** Git without the settings of whoever runs the tests. */
  async git(args: readonly string[], folder = '.'): Promise<void> {
    const identity = ['-c', 'user.name=eco', '-c', 'user.email=eco@example.com', '-c', 'commit.gpgsign=false'];
    await execa('git', [...identity, '-c', 'init.defaultBranch=main', ...args], {
      cwd: this.path(folder),
      env: this.environment(),
      extendEnv: false,
      stdin: 'ignore',
    });
  }

  /** Ends the apps and the daemon, proves that nothing is left, and removes the folder. */
  async dispose(): Promise<void> {
    const stopped = await this.run(['daemon', 'stop', '--apps']).catch((error: unknown) => ({
      exitCode: 1,
      all: String(error),
    }));
    this.logs = await this.#readLogs();
    const left = await this.#killWhatIsLeft();
    await rm(this.root, { recursive: true, force: true });
    if (stopped.exitCode !== 0) throw new Error(`daemon stop --apps failed:\n${stopped.all}`);
    if (left.length > 0) throw new Error(`processes were left behind:\n${left.map(formatProcess).join('\n')}`);
  }

  /** The daemon answers before its process has gone; a second is enough for that, and for nothing else. */
  async #killWhatIsLeft(): Promise<readonly ProcessInfo[]> {
    await eventually(() => this.processes().length === 0, { within: 1000 }).catch(() => undefined);
    const left = this.processes();
    while (this.processes().length > 0) this.processes().forEach(({ pid }) => kill(pid));
    return left;
  }

  async #readLogs(): Promise<string> {
    const logs = await readdir(this.home, { recursive: true }).catch((): string[] => []);
    const texts = logs
      .filter((name) => name.endsWith('.log'))
      .sort()
      .map(async (name) => `--- ${name}\n${(await readFile(join(this.home, name), 'utf8')).slice(-8000)}`);
    return (await Promise.all(texts)).join('\n');
  }

  /** What commands are given; nothing else of whoever runs the tests. */
  environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: join(this.root, 'user'),
      ECO_HOME: this.home,
      LANG: 'C.UTF-8',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
    };
  }
}

function formatProcess({ pid, parent, command }: ProcessInfo): string {
  return `  ${pid} (child of ${parent}) ${command}`;
}
