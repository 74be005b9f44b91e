import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENVIRONMENT, start } from '../lib/processes.mjs';
import { interleave, only } from '../lib/numbers.mjs';
import { atMost } from '../lib/report.mjs';
import { managers } from './deploy.mjs';

const LINES = 500_000;
const NEWLINE = 10;

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
  await eco.stopAll();
  await pm2.stopAll();
  const took = only(taken, 'took');
  const lost = only(taken, 'lost');
  report.row(`${LINES} log lines of 100 bytes; bare: straight into a file`, took, {
    unit: ' ms',
    targets: [atMost(took.eco, 1.1 * took.bare, '≤ 1.1 × bare')],
  });
  report.row('  lines that are not in the files', lost, { targets: [atMost(lost.eco, 0, '0')] });
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
    .reduce((total, file) => total + newlinesIn(readFileSync(join(file.parentPath ?? file.path, file.name))), 0);
}

function newlinesIn(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
