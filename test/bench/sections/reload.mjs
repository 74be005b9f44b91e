import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanups } from '../lib/processes.mjs';
import { interleave, median, only, sum } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { deployManaged } from './deploy.mjs';

const client = fileURLToPath(new URL('../load/strict-client.mjs', import.meta.url));

/** Requests that fail while two workers are reloaded, and how long a reload takes. */
export async function reload({ programs, report, quick }) {
  const [rounds, each] = quick ? [1, 2] : [4, 5];
  const { contenders, end } = await deployManaged(programs, { instances: 2, exec_mode: 'cluster' });
  const idle = await interleave(contenders, quick ? 1 : 5, async ({ reload }) => (await reload('web')).wall);
  const reasons = Object.fromEntries(contenders.map(({ name }) => [name, {}]));
  const taken = await interleave(
    contenders,
    rounds,
    async (contender) => {
      const result = await reloadUnderLoad(contender, each);
      for (const [reason, count] of Object.entries(result.failures)) {
        reasons[contender.name][reason] = (reasons[contender.name][reason] ?? 0) + count;
      }
      return { ...result.byKind, total: result.total, wall: result.wall };
    },
    (values) => values,
  );
  await end();
  const totals = (key) =>
    Object.fromEntries(Object.entries(only(taken, key)).map(([name, values]) => [name, sum(values)]));
  const failed = Object.fromEntries(Object.keys(taken).map((name) => [name, sum(Object.values(reasons[name]))]));
  report.row(`failed requests in ${rounds * each} reloads of 2 workers`, failed, {
    targets: [atMost(failed.eco, 0, '0')],
  });
  for (const kind of ['keepAlive', 'close', 'slow', 'post']) report.row(`  of them ${kind}`, totals(kind));
  report.row('  of requests', totals('total'));
  for (const [name, byReason] of Object.entries(reasons)) console.log(`    ${name}: ${JSON.stringify(byReason)}`);
  report.row('time of a reload, idle', idle, { unit: ' ms' });
  report.row('time of a reload, under that load', mapValues(only(taken, 'wall'), median), { unit: ' ms' });
}

async function reloadUnderLoad({ port, reload }, times) {
  const child = spawn(process.execPath, [client, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  cleanups.push(async () => void child.kill());
  const closed = once(child, 'close');
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  await sleep(1500);
  const walls = [];
  for (let index = 0; index < times; index++) {
    walls.push((await reload('web')).wall);
    await sleep(300);
  }
  child.stdin.end();
  await closed;
  const { counts, failures } = JSON.parse(output);
  const byKind = mapValues(counts, (_, kind) => {
    const own = Object.entries(failures).filter(([reason]) => reason.startsWith(`${kind} `));
    return sum(own.map(([, count]) => count));
  });
  return { byKind, failures, total: sum(Object.values(counts)), wall: median(walls) };
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
