import { spawn, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { awaitAnswer } from '../load/answer.mjs';
import { median } from '../lib/numbers.mjs';
import { childrenOf, cleanups, cpuOf, ENVIRONMENT } from '../lib/processes.mjs';
import { atMost } from '../lib/report.mjs';
import { createFolder, freePort } from '../lib/workspace.mjs';

const DEBOUNCE = 200;
/** What may come on top of the rest that changes get, and of what Node itself takes. */
const ALLOWANCE = 60;
/** Ten restarts within a minute would suspend watching. */
const BETWEEN_EDITS = 6500;

const server = (version) => `
require('node:http').createServer((_, answer) => answer.end('${version}')).listen(process.env.PORT);
`;

/** `eco watch`: from saving a source file until the new process listens, and what it uses while nothing happens. */
export async function watch({ programs, report, quick }) {
  const folder = join(await createFolder(), 'watched');
  await mkdir(folder);
  const port = await freePort();
  const app = { name: 'web', script: './server.js', env: { PORT: port } };
  await writeFile(join(folder, 'ecosystem.json'), JSON.stringify({ project: 'watched', apps: [app] }));
  await writeFile(join(folder, 'server.js'), server('v0'));
  const env = { ...ENVIRONMENT, ECO_HOME: join(folder, 'home') };
  const eco = spawn(process.execPath, [programs.eco, 'watch', '--quiet'], { cwd: folder, env, stdio: 'ignore' });
  cleanups.push(async () => void eco.kill('SIGTERM'));
  await awaitAnswer(port);
  await sleep(2000);

  const taken = [];
  for (let edit = 1; edit <= (quick ? 5 : 20); edit++) {
    await writeFile(join(folder, 'server.js'), server(`v${edit}`));
    const saved = performance.now();
    await awaitAnswer(port, { satisfies: (answer) => answer === `v${edit}` });
    taken.push(performance.now() - saved);
    await sleep(BETWEEN_EDITS);
  }
  const start = startOfNode(join(folder, 'server.js'));
  const limit = DEBOUNCE + start + ALLOWANCE;
  report.row(
    'eco watch: from saving a source file to the answer of the new process',
    { eco: median(taken) },
    {
      unit: ' ms',
      targets: [atMost(median(taken), limit, `≤ ${DEBOUNCE} + ${Math.round(start)} (start of Node) + ${ALLOWANCE} ms`)],
    },
  );

  const span = quick ? 5000 : 30_000;
  const before = cpuOf([eco.pid]);
  await sleep(span);
  const percent = ((cpuOf([eco.pid]) - before) / span) * 100;
  report.row(
    'eco watch: CPU while nothing happens',
    { eco: percent },
    {
      unit: ' %',
      digits: 2,
      targets: [atMost(percent, 0.5, '< 0.5 %')],
    },
  );
  eco.kill('SIGTERM');
  while (childrenOf(eco.pid).length > 0) await sleep(20);
}

/** From spawning Node until a server of its own listens, as Node tells it: what no manager can go below. */
function startOfNode(script) {
  const listens = `require(${JSON.stringify(script)}); setImmediate(() => process.exit())`;
  const spans = Array.from({ length: 11 }, () => {
    const began = performance.now();
    spawnSync(process.execPath, ['-e', listens], { env: { ...ENVIRONMENT, PORT: '0' } });
    return performance.now() - began;
  });
  return median(spans);
}
