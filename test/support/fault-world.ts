import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { EcoRig } from './eco-rig.ts';
import { eventually } from './eventually.ts';
import type { AppName, AppWish, Command, Damage, Edit, FaultRound, Kill } from './fault-plan.ts';
import {
  descendsFrom,
  gone,
  hasVariable,
  isAlive,
  kill,
  processesWith,
  startOf,
  variablesOf,
  type ProcessInfo,
} from './processes.ts';

const GARBAGE = '\u0000\u0001not JSON {{{';
/** Nobody's business but the test's. */
const STRANGERS = [{ ECO_ID: '/home/of/another faults/web:0#1' }, {}] as const;
const PROJECT = 'faults';

/** A home with a file, strangers beside it, and everything that may befall them. */
export class FaultWorld {
  readonly eco: EcoRig;
  readonly #strangers: readonly { readonly process: ChildProcess; readonly start: string }[];
  readonly #wishes = new Map<AppName, AppWish>();
  readonly #ports: readonly number[];

  private constructor(eco: EcoRig, ports: readonly number[]) {
    this.eco = eco;
    this.#ports = ports;
    this.#strangers = STRANGERS.map((env) => {
      const process = spawn('/bin/sleep', ['3600'], { env, cwd: '/', detached: true, stdio: 'ignore' });
      return { process, start: startOf(process.pid ?? 0) };
    });
  }

  static async create(packageFolder: string): Promise<FaultWorld> {
    const eco = await EcoRig.create(packageFolder);
    await eco.copyFixture('apps/http', 'web');
    await eco.copyFixture('apps/queue-worker', 'queue');
    await eco.write({ 'migrate.js': "setTimeout(() => console.log('migrated'), 200);" });
    const world = new FaultWorld(eco, [await eco.port(), await eco.port()]);
    world.#wishes.set('web', { instances: 2, version: 1, killTimeout: 2000 });
    return world;
  }

  async play({ edits, command, kills, damage }: FaultRound): Promise<void> {
    for (const edit of edits) this.#edit(edit);
    await this.#writeFile();
    await this.#runUnderFire(command, kills);
    if (damage !== null) {
      await this.#endDaemon();
      await this.#damage(damage.what, damage.nth);
    }
    await this.eco.apply();
    await eventually(() => this.#check(), { within: 30_000 });
    const { stdout } = await this.eco.apply();
    expect(stdout).toContain('No changes');
    this.#checkStrangers();
  }

  /** Ends every app as a user would, and proves that nothing is left of any. */
  async end(): Promise<void> {
    await this.eco.ok(['down', '--yes']);
    expect(this.#homeProcesses()).toEqual([]);
    expect(await this.#files(/^(workers|run\/exits|apps\/.*)\/[^/]*\.json$/)).toEqual([]);
    this.#checkStrangers();
  }

  async dispose(): Promise<void> {
    for (const { process } of this.#strangers) process.kill('SIGKILL');
    await this.eco.dispose();
  }

  #edit(edit: Edit): void {
    if (edit.type === 'add') {
      if (!this.#wishes.has(edit.app))
        this.#wishes.set(edit.app, { instances: edit.instances, version: 1, killTimeout: 2000 });
      return;
    }
    const name = this.#nth(edit.nth);
    const wish = this.#wishes.get(name);
    if (wish === undefined) return;
    const { version, killTimeout } = wish;
    // A file without apps is refused: that is another test.
    if (edit.type === 'remove' && this.#wishes.size > 1) this.#wishes.delete(name);
    if (edit.type === 'change') this.#wishes.set(name, { ...wish, version: version + 1 });
    if (edit.type === 'settings') this.#wishes.set(name, { ...wish, killTimeout: killTimeout === 2000 ? 1500 : 2000 });
    if (edit.type === 'scale') this.#wishes.set(name, { ...wish, instances: edit.to });
  }

  #nth(nth: number): AppName {
    return [...this.#wishes.keys()].sort()[nth % this.#wishes.size] ?? 'web';
  }

  async #writeFile(): Promise<void> {
    const apps = [...this.#wishes].map(([name, wish]) => this.#appOf(name, wish));
    await this.eco.write({ 'ecosystem.json': { project: PROJECT, apps } });
  }

  #appOf(name: AppName, { instances, version, killTimeout }: AppWish): object {
    const [web = 0, api = 0] = this.#ports;
    const common = {
      name,
      revision: 'none',
      kill_timeout: killTimeout,
      restart_delay: 200,
      rollout: { min_ready: '200ms' },
    };
    const env = { VERSION: String(version) };
    const program = (script: string, ...args: readonly string[]) => ({
      script,
      args,
      interpreter: 'none',
      instances,
      env,
    });
    switch (name) {
      case 'web':
        return {
          ...common,
          cwd: 'web',
          script: 'server.js',
          exec_mode: 'cluster',
          instances,
          env: { ...env, PORT: web },
        };
      case 'api':
        return { ...common, cwd: 'web', script: 'server.js', exec_mode: 'fork', env: { ...env, PORT: api } };
      case 'queue':
        return { ...common, cwd: 'queue', script: 'worker.js', instances, env, hooks: HOOKS };
      case 'deaf':
        return { ...common, script: this.eco.worker('ignores-sigterm'), instances, env };
      case 'binary':
        return { ...common, ...program('sleep', '3600') };
      case 'tree':
        return { ...common, ...program('sh', '-c', 'setsid sleep 3601 & sleep 3602 & wait') };
      case 'migrate':
        return { ...common, script: './migrate.js', kind: 'task', env };
      default:
        throw new Error(`no app is named ${String(name)}`);
    }
  }

  async #runUnderFire(command: Command, kills: readonly Kill[]): Promise<void> {
    const child = this.eco.start(this.#wordsOf(command));
    child.stdout?.resume();
    child.stderr?.resume();
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(90_000) });
    const shots = kills.map(async ({ victim, nth, after }) => {
      await sleep(after);
      this.#shoot(victim, nth, child);
    });
    await Promise.all([exited, ...shots]);
  }

  #wordsOf(command: Command): readonly string[] {
    switch (command.type) {
      case 'apply':
        return ['apply'];
      case 'daemon-stop':
        return ['daemon', 'stop'];
      case 'scale':
        return ['scale', this.#nth(command.nth), String(command.to)];
      default:
        return [command.type, this.#nth(command.nth)];
    }
  }

  #shoot(victim: Kill['victim'], nth: number, command: ChildProcess): void {
    if (victim === 'command') return void command.kill('SIGKILL');
    const targets = victim === 'daemon' ? this.#daemons() : this.#workerProcesses();
    const target = targets[nth % Math.max(1, targets.length)];
    if (target !== undefined) kill(target.pid);
  }

  #daemons(): readonly ProcessInfo[] {
    return processesWith(this.eco.home).filter(({ command }) => command.includes('ecod.js'));
  }

  /** What was started for an app, by whomever. */
  #homeProcesses(): readonly ProcessInfo[] {
    return processesWith(`ECO_ID=${this.eco.home} `);
  }

  /** Without hooks: one that fails is a start that failed, which the next apply may meet, and tells. */
  #workerProcesses(): readonly ProcessInfo[] {
    return this.#homeProcesses().filter(({ pid }) => !hasVariable(pid, 'ECO_AUXILIARY', '1'));
  }

  async #endDaemon(): Promise<void> {
    const pids = this.#daemons().map(({ pid }) => pid);
    pids.forEach(kill);
    await gone(pids, { within: 5000 });
  }

  async #damage(what: Damage, nth: number): Promise<void> {
    const pick = (files: readonly string[]): string | undefined => files[nth % Math.max(1, files.length)];
    const app = pick(await this.#files(/^apps\/.*\.json$/));
    const record = pick(await this.#files(/^workers\/.*\.json$/));
    const [project] = await this.#files(/^projects\/.*\.json$/);
    switch (what) {
      case 'app document cut off':
        return this.#rewrite(app, (text) => text.slice(0, text.length * (nth / 10)));
      case 'app document of garbage':
        return this.#rewrite(app, () => GARBAGE);
      case 'app document of something else':
        return this.#rewrite(app, () => '{"format":1,"value":{"key":{"project":"faults"},"target":null}}');
      case 'project document of garbage':
        return this.#rewrite(project, () => GARBAGE);
      case 'worker record cut off':
        return this.#rewrite(record, (text) => text.slice(0, text.length * (nth / 10)));
      case 'worker record lost':
        return record === undefined ? undefined : rm(join(this.eco.home, record));
      case 'worker record without its process':
        return this.#rewrite(record, (text) => withProcess(text, () => null));
      case 'worker dead, its number a stranger':
        return this.#reuseNumber(record);
      case 'start numbers of garbage':
        return this.#rewrite('start-numbers.json', () => GARBAGE);
      case 'events of garbage':
        return this.#rewrite('events.jsonl', () => GARBAGE);
      case 'leftovers of a writer':
        for (const file of [app, record, project])
          await this.#rewrite(file === undefined ? file : `${file}.tmp`, () => '{"f');
        return;
      case 'two daemons at once':
        return this.#startTwoDaemons();
      default:
        throw new Error(`no damage is named ${String(what)}`);
    }
  }

  async #rewrite(name: string | undefined, change: (text: string) => string): Promise<void> {
    if (name === undefined) return;
    const path = join(this.eco.home, name);
    const text = await readFile(path, 'utf8').catch(() => '');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, change(text), { mode: 0o600 });
  }

  /** The worker has died, and the system gave its number to somebody else. */
  async #reuseNumber(record: string | undefined): Promise<void> {
    const number = this.#strangers[0]?.process.pid ?? 0;
    await this.#rewrite(record, (text) =>
      withProcess(text, (process) => {
        kill(process.pid);
        return { ...process, pid: number };
      }),
    );
  }

  async #startTwoDaemons(): Promise<void> {
    const program = join(dirname(this.eco.binary), 'ecod.js');
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.eco.root, LANG: 'C.UTF-8', ECO_HOME: this.eco.home };
    const daemons = [1, 2].map(() =>
      spawn(process.execPath, [program], { env, cwd: '/', detached: true, stdio: 'ignore' }),
    );
    await eventually(() => daemons.filter(({ exitCode }) => exitCode !== null).length === 1);
    expect(daemons.map(({ exitCode }) => exitCode).filter((code) => code !== null)).toEqual([0]);
    for (const daemon of daemons) daemon.unref();
  }

  async #check(): Promise<void> {
    const apps = await this.eco.list();
    const seen = apps.map(({ name, status, ready, workers }) => {
      return { name, status, ready, instances: workers.map(({ instance }) => instance) };
    });
    const wanted = [...this.#wishes].map(([name, { instances }]) => {
      const count = name === 'api' || name === 'migrate' ? 1 : instances;
      const task = name === 'migrate';
      return {
        name,
        status: task ? 'completed' : 'ready',
        ready: task ? 0 : count,
        instances: Array.from({ length: count }, (_, instance) => instance),
      };
    });
    const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
    expect([...seen].sort(byName)).toEqual([...wanted].sort(byName));
    const pids = apps.flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? []));
    expect(pids.filter((pid) => !isAlive(pid))).toEqual([]);
    const surplus = this.#homeProcesses().filter(({ pid }) => !pids.some((root) => descendsFrom(pid, root)));
    expect(surplus).toEqual([]);
    const versions = apps.flatMap(({ name, workers }) =>
      workers.flatMap(({ pid }) => (pid === null ? [] : [`${name} ${variablesOf(pid)['VERSION']}`])),
    );
    for (const [name, { version }] of this.#wishes)
      expect(versions.filter((one) => one.startsWith(`${name} `) && one !== `${name} ${version}`)).toEqual([]);
    expect(await this.#files(/^apps\/.*\.json$/)).toHaveLength(apps.length);
    const workers = apps.flatMap((app) => app.workers);
    expect(await this.#files(/^workers\/.*\.json$/)).toHaveLength(workers.length);
    expect(await this.#files(/\.tmp$/)).toEqual([]);
    expect(this.#daemons()).toHaveLength(1);
  }

  #checkStrangers(): void {
    for (const { process, start } of this.#strangers) expect(startOf(process.pid ?? 0)).toBe(start);
  }

  /** Those of the home whose path in it matches, sorted. */
  async #files(pattern: RegExp): Promise<readonly string[]> {
    const names = await readdir(this.eco.home, { recursive: true }).catch((): string[] => []);
    return names.filter((name) => pattern.test(name)).sort();
  }
}

/** Long enough to be met by what is killed around them. */
const HOOKS = { pre_start: 'sleep 0.4', post_ready: 'sleep 0.4', pre_stop: 'sleep 0.4' };

interface Identity {
  readonly pid: number;
}

function withProcess(text: string, change: (process: Identity) => Identity | null): string {
  const document = JSON.parse(text) as { readonly value: { readonly process: Identity | null } };
  const { value } = document;
  if (value.process === null) return text;
  const process = change(value.process);
  return JSON.stringify({
    ...document,
    value: { ...value, process, ...(process === null ? { phase: 'starting' } : {}) },
  });
}
