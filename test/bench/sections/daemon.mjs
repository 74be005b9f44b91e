import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, cpuOf, identify, isAlive, memoryOf } from '../lib/processes.mjs';
import { interleave, only } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { managers } from './deploy.mjs';

const MANY = 200;
/** Milliseconds after which what belongs to the start is over: that 200 apps came up is still being written to the disk. */
const SETTLED = 10_000;

/** What the daemon needs, and how fast it starts many processes. */
export async function daemon({ programs, report, quick }) {
  const few = await withApps(3, { programs, rounds: quick ? 1 : 2 });
  const many = await withApps(MANY, { programs, rounds: quick ? 1 : 3 });
  const resident = { few: only(few, 'resident'), many: only(many, 'resident') };
  report.row('daemon memory, 3 apps', resident.few, {
    unit: ' MB',
    targets: [atMost(resident.few.eco, 60, '≤ 60 MB')],
  });
  report.row(`daemon memory, ${MANY} apps`, resident.many, {
    unit: ' MB',
    targets: [atMost(resident.many.eco, 80, '≤ 80 MB')],
  });
  const cpu = only(many, 'cpu');
  report.row(`daemon CPU per second, ${MANY} idle apps`, cpu, {
    unit: ' ms',
    digits: 1,
    targets: [atMost(cpu.eco, 5, '≤ 5 ms')],
  });
  const spawned = only(many, 'spawned');
  report.row(`${MANY} trivial apps until all run`, spawned, {
    unit: ' ms',
    targets: [atMost(spawned.eco, 1200, '≤ 1200 ms')],
  });
  report.row(
    '  until the command ends (eco: all ready, which takes an app that never listens 1 s)',
    only(many, 'wall'),
    {
      unit: ' ms',
    },
  );
  report.row('  second `apply`', only(many, 'again'), { unit: ' ms' });
  const adopted = only(many, 'adopted').eco;
  const died = only(many, 'died').eco;
  report.row(
    `kill -9 of the daemon until the next lists all ${MANY}`,
    { eco: adopted },
    {
      unit: ' ms',
      targets: [atMost(adopted, 1000, '≤ 1 s')],
    },
  );
  report.row('  apps that died', { eco: died }, { targets: [atMost(died, 0, '0')] });
  const loop = await withCrashLoop({ programs, rounds: quick ? 1 : 3 });
  report.row('daemon CPU per second, an app that crashes in a loop without a wait', loop, {
    unit: ' ms',
    digits: 1,
    targets: [atMost(loop.eco, 20, '≤ 20 ms')],
  });
}

/** PM2 gives up at 16 restarts unless it is told otherwise. */
async function withCrashLoop({ programs, rounds }) {
  const { eco, pm2 } = await managers(programs);
  return interleave([eco, pm2], rounds, async (manager) => {
    await manager.startDaemon();
    await manager.write([crashLoop()]);
    await manager.startFile();
    await sleep(4000);
    const cpu = await cpuPerSecond(await manager.daemonPid());
    await manager.stopAll();
    return cpu;
  });
}

async function withApps(count, { programs, rounds }) {
  const { eco, pm2 } = await managers(programs);
  return interleave([eco, pm2], rounds, async (manager) => {
    await manager.startDaemon();
    await manager.write(sleepers(count));
    const started = await startAndWatch(manager, count);
    await sleep(SETTLED);
    const pid = await manager.daemonPid();
    const resident = memoryOf(pid).rss;
    const cpu = await cpuPerSecond(pid);
    const taken = { ...started, resident, cpu, ...(manager === eco ? await applyAgain(eco) : {}) };
    await manager.stopAll();
    return taken;
  });
}

/** Milliseconds until the daemon has that many children, and until the command has ended. */
async function startAndWatch(manager, count) {
  const pid = await manager.daemonPid();
  const begun = performance.now();
  const ended = new AbortController();
  const command = manager.startFile().finally(() => ended.abort());
  while (!ended.signal.aborted && childrenOf(pid).length < count) await sleep(5);
  const spawned = performance.now() - begun;
  return { spawned, wall: (await command).wall };
}

async function cpuPerSecond(pid) {
  const seconds = 10;
  const before = cpuOf([pid]);
  await sleep(seconds * 1000);
  return (cpuOf([pid]) - before) / seconds;
}

/** PM2 would restart all of them, and end with its daemon. */
async function applyAgain(eco) {
  const again = (await eco.startFile()).wall;
  const workers = (await eco.workerPids()).map(identify);
  process.kill(await eco.daemonPid(), 'SIGKILL');
  const begun = performance.now();
  const listed = await eco.workerPids();
  const adopted = performance.now() - begun;
  const missing = workers.filter(({ pid }) => !listed.includes(pid)).length;
  const died = workers.filter((identity) => !isAlive(identity)).length;
  return { again, adopted, died: Math.max(missing, died) };
}

function sleepers(count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `sleep-${index}`,
    script: '/bin/sleep',
    args: ['100000'],
    interpreter: 'none',
  }));
}

/** The first process of each daemon starts well, the others end at once. */
function crashLoop() {
  const program = 'test -e "loop-$PPID" && exit 1; : > "loop-$PPID"; sleep 2; exit 1';
  const args = ['-c', program];
  return { name: 'loop', script: '/bin/sh', args, interpreter: 'none', restart_delay: 0, max_restarts: 1_000_000 };
}
