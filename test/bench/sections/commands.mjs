import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../lib/processes.mjs';
import { interleave } from '../lib/numbers.mjs';
import { atLeast, atMost } from '../lib/report.mjs';
import { managers } from './deploy.mjs';

/** How long commands take, beside `node -e 0`. */
export async function commands({ programs, report, quick }) {
  await list({ programs, report, quick });
  await validate({ programs, report, quick });
  await secondApply({ programs, report, quick });
}

async function validate({ programs, report, quick }) {
  const { folder, eco } = await managers(programs);
  const measure = async (count) => {
    const text = yamlOf(count, folder);
    const bare = { name: 'bare', validate: () => run(process.execPath, ['-e', '0']) };
    return interleave([bare, eco], quick ? 5 : 25, async (contender) => (await contender.validate(text)).wall);
  };
  const sixty = await measure(60);
  report.row('`validate` of 60 apps in YAML; bare: `node -e 0`', sixty, {
    unit: ' ms',
    targets: [{ ...atLeast(sixty.eco / sixty.bare, 0, '≤ 2.5 × bare'), met: sixty.eco <= 2.5 * sixty.bare }],
  });
  const thousand = await measure(1000);
  report.row(
    '`validate` of 1000 apps in YAML',
    { eco: thousand.eco },
    {
      unit: ' ms',
      targets: [atMost(thousand.eco, 1000, '≤ 1 s')],
    },
  );
}

/** As people write them: a few options each, and defaults for all. */
function yamlOf(count, folder) {
  const apps = Array.from(
    { length: count },
    (_, index) => `  - name: app-${index}
    script: idle.cjs
    instances: 2
    env: { PORT: ${3000 + index}, NODE_ENV: production }
    max_memory_restart: 400M
    readiness: { http: /health }
`,
  );
  return `project: bench\ndefaults:\n  cwd: ${join(folder, 'apps')}\n  kill_timeout: 5s\napps:\n${apps.join('')}`;
}

async function list({ programs, report, quick }) {
  const { folder, eco, pm2 } = await managers(programs);
  for (const manager of [eco, pm2]) {
    await manager.write(idleApps(3, folder));
    await manager.startFile();
  }
  const bare = { name: 'bare', list: () => run(process.execPath, ['-e', '0']) };
  const taken = await interleave([bare, eco, pm2], quick ? 5 : 25, async ({ list }) => (await list()).wall);
  await eco.stopAll();
  await pm2.stopAll();
  report.row('`list` / `jlist` of 3 apps; bare: `node -e 0`', taken, {
    unit: ' ms',
    targets: [{ ...atLeast(taken.eco / taken.bare, 0, '≤ 1.6 × bare'), met: taken.eco <= 1.6 * taken.bare }],
  });
}

async function secondApply({ programs, report, quick }) {
  const { folder, eco, pm2 } = await managers(programs);
  const first = {};
  for (const manager of [eco, pm2]) {
    await manager.write(idleApps(20, folder));
    first[manager.name] = (await manager.startFile()).wall;
  }
  // What has only just started may still be settling.
  await sleep(1000);
  const restarted = { eco: 0, PM2: 0 };
  const taken = await interleave([eco, pm2], quick ? 2 : 9, async (manager) => {
    const before = new Set(await manager.workerPids());
    const { wall } = await manager.startFile();
    const after = await manager.workerPids();
    restarted[manager.name] = Math.max(restarted[manager.name], after.filter((pid) => !before.has(pid)).length);
    return wall;
  });
  await eco.stopAll();
  await pm2.stopAll();
  report.row('first `apply` / `start` of 20 Node apps', first, { unit: ' ms' });
  report.row('second `apply` / `start` of 20 unchanged apps', taken, {
    unit: ' ms',
    targets: [atMost(taken.eco, 300, '≤ 300 ms')],
  });
  report.row('  restarted', restarted, { targets: [atMost(restarted.eco, 0, '0')] });
}

function idleApps(count, folder) {
  const cwd = join(folder, 'apps');
  return Array.from({ length: count }, (_, index) => ({ name: `idle-${index}`, cwd, script: 'idle.cjs' }));
}
