import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENVIRONMENT, start } from '../lib/processes.mjs';
import { interleave, only } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { managers } from './deploy.mjs';

const LINES = 500_000;
const LINE_END = 'x\n';
/** Programs that write at once, and what is kept of each: MiB, archives. */
const FLOODS = 4;
const MAX_SIZE = 10;
const KEPT = 2;

/** Half a million lines: how long the app takes to write them, and how many arrive in the log files. */
export async function logs({ programs, report, quick }) {
  const { folder, eco, pm2 } = await managers(programs);
  const cwd = join(folder, 'apps');
  const managed = (manager) => ({
    name: manager.name,
    logFolder: manager.logFolder,
    write: async (round, env) => {
      const app = { name: `lines-${round}`, cwd, script: 'lines.cjs', env, autorestart: false };
      await manager.write([manager === eco ? { ...app, kind: 'task' } : app]);
      await manager.startFile();
    },
  });
  const bare = { name: 'bare', logFolder: join(folder, 'bare'), write: (round, env) => direct({ folder, round, env }) };
  const taken = await interleave([bare, managed(eco), managed(pm2)], quick ? 1 : 5, async (contender, round) => {
    const result = join(folder, `result-${contender.name}-${round}`);
    await contender.write(round, { LINES, RESULT: result });
    while (!existsSync(result) || readFileSync(result, 'utf8') === '') await sleep(20);
    const took = Number(readFileSync(result, 'utf8'));
    const lost = LINES - (await linesIn(contender.logFolder, `lines-${round}`));
    return { took, lost };
  });
  const most = await mostOnDisk({ eco, folder, cwd });
  await eco.stopAll();
  await pm2.stopAll();
  const took = only(taken, 'took');
  const lost = only(taken, 'lost');
  report.row(`${LINES} log lines of 100 bytes; bare: straight into a file`, took, {
    unit: ' ms',
    targets: [atMost(took.eco, 1.1 * took.bare, '≤ 1.1 × bare')],
  });
  report.row('  lines that are not in the files', lost, { targets: [atMost(lost.eco, 0, '0')] });
  const limit = (KEPT + 2) * MAX_SIZE;
  report.row(
    `  most on disk of one of ${FLOODS} such logs at once, of which ${(KEPT + 1) * MAX_SIZE} MiB shall stay`,
    { eco: most },
    { unit: ' MiB', digits: 1, targets: [atMost(most, limit, `≤ ${limit} MiB: one rotation more`)] },
  );
}

/** MiB. Programs that write at full speed, all at once, more than is to be kept. */
async function mostOnDisk({ eco, folder, cwd }) {
  const results = Array.from({ length: FLOODS }, (_, number) => join(folder, `flood-${number}`));
  const app = { cwd, script: 'lines.cjs', kind: 'task', logs: { rotate: { max_size: `${MAX_SIZE}M`, keep: KEPT } } };
  await eco.write(results.map((RESULT, number) => ({ ...app, name: `flood-${number}`, env: { LINES, RESULT } })));
  const started = eco.startFile();
  let most = 0;
  while (results.some((result) => !existsSync(result) || readFileSync(result, 'utf8') === '')) {
    for (const [number] of results.entries()) most = Math.max(most, onDisk(eco.logFolder, `flood-${number}`));
    await sleep(5);
  }
  await started;
  return most;
}

function onDisk(folder, app) {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.includes(app));
  const blocks = files.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0);
  return blocks.reduce((sum, count) => sum + count, 0) / 2048;
}

async function direct({ folder, round, env }) {
  await rm(join(folder, 'bare'), { recursive: true, force: true });
  mkdirSync(join(folder, 'bare'));
  const out = openSync(join(folder, 'bare', `lines-${round}.log`), 'a');
  start(process.execPath, [join(folder, 'apps', 'lines.cjs')], {
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', out, 'inherit'],
  });
  closeSync(out);
}

/** Lines of the app's files, once they have stopped growing for half a second. */
async function linesIn(folder, app) {
  for (let before = -1; ; await sleep(500)) {
    const lines = countLines(folder, app);
    if (lines === before || lines >= LINES) return lines;
    before = lines;
  }
}

function countLines(folder, app) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter(
      (file) =>
        file.isFile() &&
        join(file.parentPath ?? file.path, file.name)
          .slice(folder.length)
          .includes(app),
    )
    .reduce((total, file) => total + lineEndsIn(readFileSync(join(file.parentPath ?? file.path, file.name))), 0);
}

function lineEndsIn(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(LINE_END); at >= 0; at = bytes.indexOf(LINE_END, at + 1)) count++;
  return count;
}
