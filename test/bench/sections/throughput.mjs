import { autocannon, connectClient, lightestGenerator } from '../load/generators.mjs';
import { cpuOf } from '../lib/processes.mjs';
import { interleave, only, sum } from '../lib/numbers.mjs';
import { atLeast } from '../lib/report.mjs';
import { deployEverywhere } from './deploy.mjs';

/** A third of what two workers can do when one request in 20 blocks for 20 ms. */
const RATE = 600;

/** New connections per second. */
export async function connections({ programs, report, quick }) {
  const { name, load } = await lightestGenerator({ close: true });
  const taken = await measure({ programs, quick }, ({ port }, seconds) => load({ port, connections: 64, seconds }));
  const rate = only(taken, 'perSecond');
  report.row(`new connections per second, 2 workers, ${name}`, rate, {
    targets: [atLeast(rate.eco / rate.PM2, 1.6, '≥ 1.6 × PM2'), atLeast(rate.eco / rate.bare, 0.95, '≥ 0.95 × bare')],
  });
  details(report, taken);
}

/** Requests per second over connections that stay. */
export async function keepAlive({ programs, report, quick }) {
  const { name, load } = await lightestGenerator({ close: false });
  const taken = await measure({ programs, quick }, ({ port }, seconds) => load({ port, connections: 64, seconds }));
  const rate = only(taken, 'perSecond');
  report.row(`keep-alive requests per second, 2 workers, ${name}`, rate, {
    targets: ['eco', 'reuseport'].flatMap((name) =>
      rate[name] === undefined ? [] : [atLeast(rate[name] / rate.cluster, 0.97, `${name} ≥ 0.97 × cluster`)],
    ),
  });
  details(report, taken);
}

/** How long answers take when one request in 20 blocks its worker for 20 ms. */
export async function tail({ programs, report, quick }) {
  for (const close of [false, true]) {
    const taken = await measure({ programs, quick }, ({ port }, seconds) =>
      close
        ? connectClient({ port, path: '/mixed', seconds, rate: RATE })
        : autocannon({ url: `http://127.0.0.1:${port}/mixed`, connections: 32, seconds, rate: RATE }),
    );
    const how = `${RATE} requests/s of which 5 % block 20 ms, ${close ? 'a connection each' : '32 keep-alive connections'}`;
    report.row(`p50, ${how}`, only(taken, 'p50'), { unit: ' ms', digits: 1 });
    report.row(`p99, ${how}`, only(taken, 'p99'), { unit: ' ms', digits: 1 });
    report.row('  failed', only(taken, 'failed'));
    report.row('  share of the busier worker in the CPU of both', only(taken, 'busiest'), { unit: ' %' });
  }
}

async function measure({ programs, quick }, load) {
  const { contenders, end } = await deployEverywhere(programs, 2);
  const seconds = 4;
  for (const contender of contenders) await load(contender, 2);
  const taken = await interleave(contenders, quick ? 1 : 3, async (contender) => {
    const workers = await contender.workerPids(contender.app);
    const server = [await contender.primaryPid(), ...workers];
    const before = server.map((pid) => cpuOf([pid]));
    const result = await load(contender, seconds);
    const used = server.map((pid, index) => cpuOf([pid]) - before[index]);
    const [, ...byWorkers] = used;
    return {
      ...result,
      cpuPerRequest: (sum(used) * 1000) / result.total,
      busiest: (100 * Math.max(...byWorkers)) / Math.max(1, sum(byWorkers)),
    };
  });
  await end();
  return taken;
}

function details(report, taken) {
  report.row('  CPU of the server per request, primary or daemon included', only(taken, 'cpuPerRequest'), {
    unit: ' µs',
  });
  report.row('  share of the busier worker in the CPU of both', only(taken, 'busiest'), { unit: ' %' });
  report.row('  failed', only(taken, 'failed'));
}
