import { setTimeout as sleep } from 'node:timers/promises';
import { answerOf, awaitAnswer } from '../load/answer.mjs';
import { interleave } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { deployManaged } from './deploy.mjs';

/** From SIGKILL to the only worker, which has served for longer than `min_uptime`, until a new one has answered. */
export async function crash({ programs, report, quick }) {
  const served = 1500;
  for (const exec_mode of ['cluster', 'fork']) {
    const { contenders, end } = await deployManaged(programs, { instances: 1, exec_mode, min_uptime: 1000 });
    const taken = await interleave(contenders, quick ? 3 : 11, async ({ port }) => {
      await sleep(served);
      const pid = await awaitAnswer(port, { path: '/pid' });
      const killed = performance.now();
      process.kill(Number(pid), 'SIGKILL');
      await nextAnswer(port, pid);
      return performance.now() - killed;
    });
    await end();
    report.row(`kill -9 of a worker until the next answer, ${exec_mode}`, taken, {
      unit: ' ms',
      targets: [atMost(taken.eco, taken.PM2, '≤ PM2')],
    });
  }
}

/** Asks every 5 ms without waiting: an attempt that was handed to the dead worker may never be answered. */
function nextAnswer(port, pid) {
  return new Promise((resolve) => {
    const timer = setInterval(async () => {
      const answer = await answerOf(port, '/pid');
      if (answer === undefined || answer === pid) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
}
