import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlain } from '../contenders/bare.mjs';
import { answerOf, awaitAnswer } from '../load/answer.mjs';
import { memoryOf } from '../lib/processes.mjs';
import { median } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { freePort } from '../lib/workspace.mjs';
import { managers } from './deploy.mjs';

const WORKERS = 4;
const REQUESTS = 100;

/** What each worker needs beyond plain Node on the same app: all run at once and have served the same requests. */
export async function memory({ programs, report, quick }) {
  for (const exec_mode of ['cluster', 'fork']) {
    const rounds = [];
    for (let round = 0; round < (quick ? 1 : 3); round++) rounds.push(await oneRound(programs, exec_mode));
    const added = (name, key) => median(rounds.map((taken) => taken[name][key] - taken.plain[key]));
    const values = (key) => ({ eco: added('eco', key), PM2: added('PM2', key) });
    report.row(`memory added to a worker, ${exec_mode}, not shared`, values('own'), {
      unit: ' MB',
      digits: 1,
      targets: [atMost(values('own').eco, 2, '≤ 2 MB')],
    });
    report.row('  resident', values('rss'), { unit: ' MB', digits: 1 });
  }
}

async function oneRound(programs, exec_mode) {
  const { folder, eco, pm2 } = await managers(programs);
  const plain = [];
  for (let index = 0; index < WORKERS; index++) {
    const port = await freePort();
    plain.push({ port, ...startPlain({ folder, port }) });
  }
  const ports = plain.map(({ port }) => port);
  for (const manager of [eco, pm2]) {
    // One app per worker: each has a port of its own, and with it the same requests.
    const own = await Promise.all(plain.map(freePort));
    const cwd = join(folder, 'apps');
    await manager.write(
      own.map((PORT, at) => ({ name: `web-${at}`, cwd, script: 'server.cjs', exec_mode, instances: 1, env: { PORT } })),
    );
    await manager.startFile();
    ports.push(...own);
  }
  for (const port of ports) {
    await awaitAnswer(port);
    for (let index = 0; index < REQUESTS; index++) await answerOf(port);
  }
  await sleep(2000);
  const taken = {
    eco: typical(await eco.workerPids()),
    PM2: typical(await pm2.workerPids()),
    plain: typical(plain.map(({ pid }) => pid)),
  };
  await eco.stopAll();
  await pm2.stopAll();
  for (const { stop } of plain) await stop();
  return taken;
}

function typical(pids) {
  const each = pids.map(memoryOf);
  return { own: median(each.map(({ own }) => own)), rss: median(each.map(({ rss }) => rss)) };
}
