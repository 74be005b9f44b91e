import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { instanceNames } from '../../src/platform/single-instance.ts';
import { get, type DaemonRig } from '../support/daemon-rig.ts';
import { freePort } from '../support/free-port.ts';
import { describe, expect, test } from '../support/daemon-test.ts';
import { eventually } from '../support/eventually.ts';
import { commandOf, gone, isAlive, kill, processesWith } from '../support/processes.ts';

const SERVER = `
const http = require('node:http');
http.createServer((request, response) => response.end(String(process.pid))).listen(Number(process.env.PORT));
`;
const HOLDER = `
const names = process.argv.slice(1);
const servers = names.map((name) => require('node:net').createServer().listen('\\0' + name));
Promise.all(servers.map((server) => require('node:events').once(server, 'listening')))
  .then((taken) => console.log(taken.length + ' taken'));
`;
const IDLE = 'setInterval(() => {}, 1000);';

/** Takes the first names of those that a daemon of the home takes one of, and does nothing more. */
async function holdNames(
  { home }: DaemonRig,
  { node = process.execPath, uid, count }: { readonly node?: string; readonly uid?: number; readonly count: number },
): Promise<ChildProcess> {
  await mkdir(home, { mode: 0o700 });
  const names = instanceNames(home).slice(0, count);
  const options = { cwd: '/', env: {}, ...(uid === undefined ? {} : { uid, gid: uid }) };
  const holder = spawn(node, ['-e', HOLDER, ...names], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const [taken] = (await once(holder.stdout, 'data')) as [Buffer];
  expect(String(taken)).toBe(`${names.length} taken\n`);
  return holder;
}

async function endHolder(holder: ChildProcess): Promise<void> {
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
}

describe('one daemon per home', { concurrent: true }, () => {
  test('of several that start at once one serves, the others end with 0', async ({ rig }) => {
    const daemons = [1, 2, 3, 4].map(() => rig.spawnDaemon());
    const ended = daemons.map(async (daemon) => ({ pid: daemon.pid, code: (await once(daemon, 'exit'))[0] as number }));
    await eventually(() => daemons.filter(({ exitCode }) => exitCode !== null).length === 3);
    const info = await eventually(async () => {
      const answer = await rig.client.info();
      return answer.ok && answer.value;
    });
    const serving = daemons.find(({ exitCode }) => exitCode === null);
    expect(info).toMatchObject({ pid: serving?.pid, home: rig.home });
    expect(daemons.filter((daemon) => daemon !== serving).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    await rig.client.shutdown({ apps: true });
    expect((await Promise.all(ended)).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  });

  test.for(inject('nodeLines'))(
    'nor beside one that is about to serve, on Node $line',
    async ({ program }, { rig }) => {
      const other = await holdNames(rig, { node: program, count: 1 });
      const daemon = rig.spawnDaemon();
      expect(await once(daemon, 'exit')).toEqual([0, null]);
      await endHolder(other);
      await rig.startDaemon();
    },
  );

  test.runIf(process.getuid?.() === 0)('whatever other users took', async ({ rig }) => {
    const stranger = await holdNames(rig, { uid: 65_534, count: 99 });
    await rig.startDaemon();
    await endHolder(stranger);
  });

  test('what a daemon that was killed left behind stops no other', async ({ rig }) => {
    await rig.startDaemon();
    await rig.killDaemon();
    expect((await readdir(rig.home)).includes('daemon.sock')).toBe(true);
    await rig.startDaemon();
  });

  test('a home that others may write into is refused', async ({ rig }) => {
    await mkdir(rig.home);
    await chmod(rig.home, 0o777);
    const daemon = rig.spawnDaemon();
    const [code] = (await once(daemon, 'exit')) as [number];
    expect(code).toBe(11);
    expect(await readdir(rig.home)).toEqual([]);
    expect(await rig.readLogs()).toContain(`cannot use ${rig.home}: others may write into it`);
    expect((await stat(rig.home)).mode & 0o777).toBe(0o777);
  });

  test('a home that others may only read becomes private', async ({ rig }) => {
    await mkdir(rig.home);
    await chmod(rig.home, 0o755);
    await rig.startDaemon();
    expect((await stat(rig.home)).mode & 0o777).toBe(0o700);
  });

  test('a home that is a file is refused', async ({ rig }) => {
    await writeFile(rig.home, '');
    const [code] = (await once(rig.spawnDaemon(), 'exit')) as [number];
    expect(code).toBe(11);
  });

  test('everything in the home is for this user alone, also with names that are odd', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('app.cjs', `console.log('hello');${SERVER}`);
    const env = { PORT: String(await freePort()) };
    await rig.ok({ type: 'start', spec: rig.spec(script, { name: '.. / odd * name', execMode: 'cluster', env }) });
    await rig.client.claim({
      project: 'te/st',
      origin: { type: 'folder', path: '/' },
      file: '/f',
      takeOwnership: false,
      by: { user: 'u', host: 'h', pid: 1 },
    });
    const entries = await readdir(rig.home, { recursive: true });
    const modes = await Promise.all(
      entries.map(async (name) => {
        const stats = await stat(join(rig.home, name));
        return {
          name,
          wide: stats.mode & 0o077,
          kind: stats.isSocket() ? 'socket' : stats.isDirectory() ? 'folder' : 'file',
        };
      }),
    );
    expect(modes.filter(({ wide }) => wide !== 0)).toEqual([]);
    expect(
      modes
        .filter(({ kind }) => kind === 'socket')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['daemon.sock', 'run/handles.sock', 'run/workers.sock']);
    expect(modes.filter(({ kind }) => kind === 'file').length).toBeGreaterThan(4);
    expect(await readdir(rig.root)).toEqual(expect.arrayContaining(['app', 'home']));
    expect(await readdir(rig.home)).not.toContain('odd * name');
  });
});

describe('the next daemon', { concurrent: true }, () => {
  test('finds every worker as it was and starts again the one that died in between', async ({ rig }) => {
    await rig.startDaemon();
    const port = await freePort();
    const server = rig.spec(await rig.write('server.cjs', SERVER), {
      execMode: 'cluster',
      instances: 2,
      env: { PORT: String(port) },
    });
    await rig.ok({ type: 'start', spec: server });
    const idle = rig.spec(await rig.write('idle.cjs', IDLE), { name: 'idle', instances: 2 });
    await rig.ok({ type: 'start', spec: idle });
    const binary = { name: 'binary', args: ['1001'], interpreter: { type: 'none' } } as const;
    await rig.ok({ type: 'start', spec: rig.spec('/bin/sleep', binary) });
    const before = await Promise.all(['app', 'binary'].map((name) => rig.pids(name)));
    const [first = 0, second = 0] = await rig.pids('idle');
    await rig.killDaemon();
    kill(first);
    await gone([first], { within: 5000 });
    expect(before[0]?.map(String)).toContain(await get(port));

    await rig.startDaemon();
    await eventually(async () => (await rig.observe('idle')).workers.every(({ phase }) => phase === 'ready'));
    const [anew, kept] = (await rig.observe('idle')).workers;
    expect(anew).toMatchObject({ instance: 0, restarts: 1, lastExit: { type: 'unknown' } });
    expect(anew?.pid).not.toBe(first);
    expect(kept).toMatchObject({ instance: 1, pid: second, restarts: 0, phase: 'ready' });
    expect(await Promise.all(['app', 'binary'].map((name) => rig.pids(name)))).toEqual(before);
    await eventually(async () => (await rig.observe()).workers.every(({ managed }) => managed));
    expect(await rig.ports()).toEqual([port]);
  });

  test('stops, restarts and reloads what it did not start', async ({ rig }) => {
    await rig.startDaemon();
    const spec = rig.spec(await rig.write('server.cjs', SERVER), { env: { PORT: String(await freePort()) } });
    await rig.ok({ type: 'start', spec });
    await rig.ok({
      type: 'start',
      spec: rig.spec('/bin/sleep', { name: 'binary', args: ['1001'], interpreter: { type: 'none' } }),
    });
    const [server = 0] = await rig.pids();
    const [binary = 0] = await rig.pids('binary');
    await rig.killDaemon();
    await rig.startDaemon();
    await eventually(async () => (await rig.observe()).workers[0]?.managed === true);
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...spec.env, GREETING: 'hello' } } });
    const [reloaded = 0] = await rig.pids();
    expect(await get(Number(spec.env['PORT']))).toBe(String(reloaded));
    expect(isAlive(server)).toBe(false);
    process.kill(binary, 'SIGKILL');
    await eventually(async () => (await rig.pids('binary')).some((pid) => pid !== binary));
    await rig.ok({ type: 'stop', workers: 1 });
    expect(isAlive(reloaded)).toBe(false);
  });

  test('keeps what is stopped stopped and what is complete complete', async ({ rig }) => {
    await rig.startDaemon();
    await rig.ok({ type: 'start', spec: rig.spec(await rig.write('idle.cjs', IDLE)) });
    const task = rig.spec(await rig.write('task.cjs', `console.log('"ran"');`), { name: 'task', kind: 'task' });
    await rig.ok({ type: 'start', spec: task });
    await rig.ok({ type: 'stop', workers: 1 });
    await rig.killDaemon();
    await rig.startDaemon();
    expect(await rig.observe()).toMatchObject({ goal: 'stopped', workers: [] });
    expect(await rig.observe('task')).toMatchObject({ workers: [{ phase: 'completed' }] });
    expect(await rig.output('out', 'task')).toBe('"ran"\n');
  });

  test('does not let documents that it cannot read stop it, and keeps them aside', async ({ rig }) => {
    await rig.startDaemon();
    await rig.ok({ type: 'start', spec: rig.spec(await rig.write('idle.cjs', IDLE)) });
    const pids = await rig.pids();
    await rig.killDaemon();
    const garbage = [join(rig.home, 'apps', 'test', 'other.json'), join(rig.home, 'projects', 'x.json')];
    await mkdir(join(rig.home, 'projects'), { recursive: true });
    for (const file of garbage) await writeFile(file, '{"format":1,"val', { mode: 0o600 });
    await rig.startDaemon();
    expect(await rig.pids()).toEqual(pids);
    for (const file of garbage) expect(await readFile(`${file}.broken`, 'utf8')).toBe('{"format":1,"val');
    const logs = await rig.readLogs();
    for (const file of garbage) expect(logs).toContain(`${file}: not a document of eco's; kept as ${file}.broken`);
  });
});

describe('a daemon that dies between two lines', { concurrent: true }, () => {
  /** The record of an app's only worker. */
  async function recordOf(rig: DaemonRig, name = 'app'): Promise<string> {
    const names = await readdir(join(rig.home, 'workers'));
    const [found] = names.filter((file) => file.includes(`%2F${name}%3A`));
    if (found === undefined) throw new Error(`no record of ${name} among ${names.join(', ')}`);
    return join(rig.home, 'workers', found);
  }

  /** As it is written before the process is started. */
  async function forgetProcess(path: string): Promise<void> {
    const document = JSON.parse(await readFile(path, 'utf8')) as { readonly value: object };
    const value = { ...document.value, phase: 'starting', process: null, startedAt: null };
    await writeFile(path, JSON.stringify({ ...document, value }), { mode: 0o600 });
  }

  test('after it started a process leaves one that the next finds', async ({ rig }) => {
    await rig.startDaemon();
    await rig.ok({ type: 'start', spec: rig.spec(await rig.write('idle.cjs', IDLE)) });
    const binary = { name: 'binary', args: ['-c', 'setsid sleep 1003 & exec sleep 1002'] } as const;
    await rig.ok({ type: 'start', spec: rig.spec('/bin/sh', { ...binary, interpreter: { type: 'none' } }) });
    const pids = [...(await rig.pids()), ...(await rig.pids('binary'))];
    const children = processesWith(rig.root).filter(({ command }) => command === 'sleep 1003');
    const records = [await recordOf(rig), await recordOf(rig, 'binary')];
    await rig.killDaemon();
    for (const record of records) await forgetProcess(record);

    await rig.startDaemon();
    await eventually(async () => {
      for (const name of ['app', 'binary'])
        expect((await rig.observe(name)).workers).toMatchObject([{ phase: 'ready', restarts: 0 }]);
    });
    expect([...(await rig.pids()), ...(await rig.pids('binary'))]).toEqual(pids);
    expect(children.map(({ pid }) => isAlive(pid))).toEqual([true]);
  });

  test('and whose note of it is lost leaves one that the next adopts', async ({ rig }) => {
    await rig.startDaemon();
    const env = { PORT: String(await freePort()) };
    const spec = rig.spec(await rig.write('server.cjs', SERVER), { execMode: 'cluster', instances: 2, env });
    await rig.ok({ type: 'start', spec });
    const pids = await rig.pids();
    await rig.killDaemon();
    for (const name of await readdir(join(rig.home, 'workers')))
      await writeFile(join(rig.home, 'workers', name), '{"format":1,');

    await rig.startDaemon();
    await eventually(async () => {
      expect((await rig.observe()).workers).toMatchObject([
        { instance: 0, pid: pids[0], phase: 'ready', managed: true, current: true },
        { instance: 1, pid: pids[1], phase: 'ready', managed: true, current: true },
      ]);
    });
    await rig.ok({ type: 'reload', spec: { ...spec, env: { ...env, GREETING: 'hello' } } });
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  test('and whose note of a dead worker is lost leaves its children, which are not taken for it', async ({ rig }) => {
    await rig.startDaemon();
    const script = 'setsid sleep 1005 & sleep 1006 & wait';
    const spec = rig.spec('/bin/sh', { args: ['-c', script], interpreter: { type: 'none' } });
    await rig.ok({ type: 'start', spec });
    const [root = 0] = await rig.pids();
    const children = await eventually(() => {
      const found = processesWith(rig.home).filter(({ command }) => command.startsWith('sleep'));
      return found.length === 2 && found.map(({ pid }) => pid);
    });
    await rig.killDaemon();
    kill(root);
    await rm(join(rig.home, 'workers'), { recursive: true });

    await rig.startDaemon();
    await gone(children, { within: 10_000 });
    await eventually(async () => expect((await rig.observe()).workers).toMatchObject([{ phase: 'ready' }]));
    expect(commandOf((await rig.pids())[0] ?? 0)).toBe(`/bin/sh -c ${script}`);
  });

  test('while a hook runs before a worker leaves the hook, which is ended before it is run again', async ({ rig }) => {
    await rig.startDaemon();
    const [first, doubled] = [rig.path('first'), rig.path('doubled')];
    // Whatever adopted it may not have asked yet how it ended.
    const lives = `grep -qs '^State:.[^ZX]' /proc/$(cat ${first})/status`;
    const again = `if [ -e ${first} ]; then ${lives} && touch ${doubled}; exit 0; fi`;
    const preStart = { command: `${again}; trap '' TERM; echo $$ > ${first}; sleep 1007`, timeout: 60_000 };
    const hooks = { preStart, postReady: null, preStop: null };
    const spec = rig.spec(await rig.write('task.cjs', ''), { kind: 'task', autorestart: false, hooks });
    const started = rig.step({ type: 'start', spec }).catch(() => null);
    const hook = await eventually(async () => Number(await readFile(first, 'utf8')) || false);
    await rig.killDaemon();
    await started;

    await rig.startDaemon();
    await eventually(async () => expect((await rig.observe()).workers).toMatchObject([{ phase: 'completed' }]), {
      within: 30_000,
    });
    expect([isAlive(hook), existsSync(doubled)]).toEqual([false, false]);
  });

  test('leaves what the next ends if its app is gone, or has that worker already; nobody else comes to harm', async ({
    rig,
  }) => {
    await rig.startDaemon();
    const idle = await rig.write('idle.cjs', IDLE);
    await rig.ok({ type: 'start', spec: rig.spec(idle) });
    await rig.ok({ type: 'start', spec: rig.spec(idle, { name: 'gone' }) });
    const [[kept = 0], [gone = 0]] = [await rig.pids(), await rig.pids('gone')];
    const variables = readFileSync(`/proc/${kept}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry.includes('='));
    const environment = Object.fromEntries(
      variables.map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
    const id = environment['ECO_ID'] ?? '';
    const sleep = (env: Readonly<Record<string, string>>): number => {
      const child = spawn('/bin/sleep', ['1004'], { env, detached: true, stdio: 'ignore' });
      child.unref();
      return child.pid ?? 0;
    };
    const second = sleep({ ...environment, ECO_ID: id.replace(/\d+$/, '99') });
    const strangers = [
      sleep({ ...environment, ECO_ID: id.replace(rig.home, `${rig.home}2`) }),
      sleep({ ...environment, ECO_ID: `${rig.home} 2 ${id.slice(rig.home.length + 1)}` }),
      sleep({ ...environment, ECO_ID: '' }),
      sleep({ RIG: rig.root }),
    ];
    await rig.killDaemon();
    for (const name of await readdir(join(rig.home, 'apps', 'test')))
      if (name.startsWith('gone')) await rm(join(rig.home, 'apps', 'test', name));
    await rm(await recordOf(rig, 'gone'));

    await rig.startDaemon();
    await eventually(() => !isAlive(gone) && !isAlive(second));
    expect(await rig.pids()).toEqual([kept]);
    expect([kept, ...strangers].map(isAlive)).toEqual([true, true, true, true, true]);
    strangers.forEach(kill);
  });

  test('knows how a Node program ended that nobody watched', async ({ rig }) => {
    await rig.startDaemon();
    const script = await rig.write('ends.cjs', `process.on('SIGUSR2', () => process.exit(7)); ${IDLE}`);
    await rig.ok({ type: 'start', spec: rig.spec(script) });
    const task = await rig.write('task.cjs', `process.on('SIGUSR2', () => process.exit(0)); ${IDLE}`);
    const run = rig.step({ type: 'start', spec: rig.spec(task, { name: 'task', kind: 'task' }) });
    const [pid = 0] = await rig.pids();
    const [taskPid = 0] = await eventually(async () => {
      const { workers } = await rig.observe('task');
      return workers.some(({ managed }) => managed) && rig.pids('task');
    });
    await rig.killDaemon();
    await run;
    process.kill(pid, 'SIGUSR2');
    process.kill(taskPid, 'SIGUSR2');
    await gone([pid, taskPid], { within: 5000 });
    await rig.startDaemon();
    await eventually(async () => {
      expect((await rig.observe()).workers).toMatchObject([
        { phase: 'ready', restarts: 1, lastExit: { type: 'exit-code', code: 7 } },
      ]);
    });
    expect((await rig.observe('task')).workers).toMatchObject([{ phase: 'completed', restarts: 0 }]);
    expect(await readdir(join(rig.home, 'run', 'exits'))).toHaveLength(1);
  });
});
