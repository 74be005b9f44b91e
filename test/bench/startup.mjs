// How long the commands take and how much memory the daemon needs, on the built product, side by side with bare Node.
//   npm run build && npm run bench:startup
// Medians; run it on a machine that does nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNS = 15;
const eco = fileURLToPath(new URL('../../dist/eco.js', import.meta.url));
const worker = fileURLToPath(new URL('../../fixtures/apps/queue-worker', import.meta.url));
const rows = [];

const bare = row(
  'node -e 0',
  median(RUNS, () => wall([process.execPath, '-e', '0'])),
  'ms',
);

inHome((run) => {
  run.write(sleepers(3));
  run.eco(['apply']);
  const list = row(
    'eco list, 3 apps',
    median(RUNS, () => run.eco(['list'])),
    'ms',
  );
  row('  of node -e 0', list / bare, '×', '≤ 1.6 ×');
  row('daemon memory, 3 apps', daemonMemory(run), 'MB', '≤ 60 MB');
});

inHome((run) => {
  run.write(Array.from({ length: 20 }, (_, index) => ({ name: `app-${index}`, cwd: worker, script: 'worker.js' })));
  row('first apply of 20 Node apps', run.eco(['apply']), 'ms');
  row(
    'second apply of 20 Node apps',
    median(RUNS, () => run.eco(['apply'])),
    'ms',
    '≤ 300 ms',
  );
});

inHome((run) => {
  run.write(sleepers(200));
  row('first apply of 200 apps', run.eco(['apply']), 'ms');
  row(
    'second apply of 200 apps',
    median(9, () => run.eco(['apply'])),
    'ms',
  );
  row(
    'eco list, 200 apps',
    median(RUNS, () => run.eco(['list'])),
    'ms',
  );
  row('daemon memory, 200 apps', daemonMemory(run), 'MB', '≤ 80 MB');
});

inHome((run) => {
  run.eco(['daemon', 'start']);
  run.write(sleepers(200));
  row('first apply of 200 apps, daemon running', run.eco(['apply']), 'ms', '≤ 1200 ms + 1 s to be ready');
});

console.log(`\n${cpus().length} × ${cpus()[0].model}, Node ${process.version}, medians of ${RUNS} runs\n`);
console.table(rows);

function row(what, value, unit, target = '') {
  rows.push({ what, measured: `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`, target });
  console.log(`${what}: ${value.toFixed(value < 10 ? 2 : 0)} ${unit}`);
  return value;
}

/** Gives `use` an ECO_HOME and a folder of its own, and ends what was started in them. */
function inHome(use) {
  const root = mkdtempSync(join(tmpdir(), 'eco-'));
  const env = { ...process.env, ECO_HOME: join(root, 'home') };
  const run = {
    write: (apps) => writeFileSync(join(root, 'ecosystem.json'), JSON.stringify({ project: 'bench', apps })),
    eco: (args) => wall([process.execPath, eco, ...args], { cwd: root, env }),
    output: (args) => execFileSync(process.execPath, [eco, ...args], { cwd: root, env, encoding: 'utf8' }),
  };
  try {
    use(run);
  } finally {
    run.eco(['daemon', 'stop', '--apps']);
    rmSync(root, { recursive: true, force: true });
  }
}

function sleepers(count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `sleep-${index}`,
    script: 'sleep',
    args: ['100000'],
    interpreter: 'none',
  }));
}

/** Resident set in MB, as the kernel counts it. */
function daemonMemory(run) {
  const { pid } = JSON.parse(run.output(['daemon', 'status', '--json']));
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes) / 1024;
}

function wall([command, ...args], options = {}) {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const took = performance.now() - started;
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} exited with ${status}: ${stderr}`);
  return took;
}

function median(runs, measure) {
  const sorted = Array.from({ length: runs }, measure).sort((a, b) => a - b);
  return sorted[Math.floor(runs / 2)];
}
