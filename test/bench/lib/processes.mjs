import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** For everybody: what the shell has beyond it, such as certificates for Node to load, is memory that no manager adds. */
export const ENVIRONMENT = { PATH: process.env.PATH, HOME: process.env.HOME };

/** Ends whatever is still there, in the order last come, first gone; `finish` runs all of it once. */
export const cleanups = [];
let finishing;

export function finish() {
  finishing ??= (async () => {
    for (const cleanup of cleanups.splice(0).toReversed())
      await cleanup().catch((error) => console.error(error.message));
  })();
  return finishing;
}

/** Runs a command to its end. Answers its output and its wall time in milliseconds; throws if it fails. */
export async function run(command, args, options = {}) {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += chunk));
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const [wall, [code]] = await Promise.all([
    once(child, 'exit').then(() => performance.now() - started),
    once(child, 'close'),
  ]);
  if (code === 0) return { stdout, wall };
  throw new Error(`${command} ${args.join(' ')} exited with ${code}:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
}

/** Starts a process that `stop` ends. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await ended;
  };
  cleanups.push(stop);
  return { child, pid: child.pid, stop };
}

/** A process by what no other will ever have, so that nobody else's is ended. */
export function identify(pid) {
  return { pid, startTime: statOf(pid)?.[19] };
}

export function isAlive({ pid, startTime }) {
  const stat = statOf(pid);
  return stat !== undefined && stat[0] !== 'Z' && stat[19] === startTime;
}

/** Waits for their end; those that stay are killed, and told. */
export async function expectEnd(identities, { who, within = 10_000 }) {
  const deadline = performance.now() + within;
  while (identities.some(isAlive) && performance.now() < deadline) await sleep(50);
  for (const identity of identities.filter(isAlive)) {
    console.error(`${who} left process ${identity.pid} behind; killed`);
    process.kill(identity.pid, 'SIGKILL');
  }
}

export function childrenOf(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const lists = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'));
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** Milliseconds of CPU that these processes have used so far, in steps of 10. */
export function cpuOf(pids) {
  return pids.reduce((sum, pid) => {
    const stat = statOf(pid);
    return sum + (stat === undefined ? 0 : (Number(stat[11]) + Number(stat[12])) * 10);
  }, 0);
}

/** Megabytes: `rss` is what is resident, `pss` with what is shared divided by its sharers, `own` what nobody shares. */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)[1]) / 1024;
  return {
    rss: megabytes('Rss'),
    pss: megabytes('Pss'),
    own: megabytes('Private_Clean') + megabytes('Private_Dirty'),
  };
}

/** The fields of /proc/PID/stat from the state on. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
