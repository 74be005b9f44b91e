import { describe, expect, test as base } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';
import { gone, isAlive, kill } from '../support/processes.ts';
import { TerminalScreen, type ScreenOptions } from '../support/terminal-screen.ts';

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 160, rows: 50 };

const SERVER = `
const http = require('node:http');
console.log('listens as ' + process.pid);
http.createServer((request, response) => {
  response.statusCode = request.url === '/bad' ? 500 : 200;
  if (request.url === '/bad') console.error('bad request');
  response.end('{}');
}).listen(process.env.PORT);
`;

interface Monit {
  readonly open: (options?: Partial<ScreenOptions>, ...args: readonly string[]) => Promise<TerminalScreen>;
}

/** Terminals are closed before the rig looks for what was left behind. */
const test = base.extend<{ readonly monit: Monit }>({
  monit: async ({ eco }, use) => {
    const screens: TerminalScreen[] = [];
    await use({
      open: async (options = {}, ...args) => {
        const screen = await TerminalScreen.open(eco, ['monit', ...args], { ...SMALL, ...options });
        screens.push(screen);
        return screen;
      },
    });
    for (const screen of screens) await screen.close();
  },
});

async function startShop(eco: EcoRig): Promise<number> {
  const port = await eco.port();
  const apps = [
    { name: 'api', script: 'server.js', instances: 2, exec_mode: 'cluster', env: { PORT: port } },
    { name: 'sleeper', script: 'sleep', args: '1000', interpreter: 'none' },
  ];
  await eco.write({ 'server.js': SERVER, 'ecosystem.json': { project: 'shop', apps } });
  await eco.apply();
  return port;
}

/** Numbers that no two runs share, and how far the sparklines are. */
function steady(lines: readonly string[]): string {
  return lines
    .map((line) =>
      line
        .replaceAll(/[▁▂▃▄▅▆▇█]+/g, (bars) => ' '.repeat(bars.length))
        .replaceAll(/\d+(?:\.\d)? (%|MiB)/g, (number, unit: string) => `N ${unit}`.padStart(number.length))
        .replaceAll(/\d{3,} */g, (number) => '#'.padEnd(number.length)),
    )
    .join('\n');
}

describe('eco monit in a terminal', () => {
  test('of 80 x 24 shows apps, workers and logs, with the frame whole, and leaves the screen as it was', async ({
    eco,
    monit,
  }) => {
    await startShop(eco);
    const screen = await monit.open();
    await screen.shows(/› api ▾ +ready +2\/2/, /:1 \| listens as \d+/, /0\.\d %/);
    const lines = await screen.lines();
    expect(lines[0]).toMatch(/^eco 2 apps · 3 workers · [\d.]+ % · [\d.]+ MiB · daemon/);
    const framed = lines.slice(1, 23);
    expect(framed.every((line) => line.length === 80 && /^[┏┃┗┌│└].*[┓┃┛┐│┘]$/u.test(line))).toBe(true);
    expect(steady(lines.slice(1, 12))).toMatchInlineSnapshot(`
      "┏━ Apps 2 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
      ┃   name              status       ready               cpu              memory ┃
      ┃ › api ▾             ready          2/2               N %               N MiB ┃
      ┃     :0 #            ready                            N %               N MiB ┃
      ┃     :1 #            ready                            N %               N MiB ┃
      ┃   sleeper           ready          1/1               N %               N MiB ┃
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
      ┌─ Logs api ───────────────────────────────────────────────────────────────────┐
      │ :0 | listens as #                                                            │
      │ :1 | listens as #                                                            │
      │                                                                              │"
    `);
    expect(lines[23]).toBe('r restart  R reload  s stop  S start  +/- scale  / filter  ? help  q quit');
    await screen.press('q');
    await screen.shows(/exit code 0\nshell>/);
    expect(await screen.text()).not.toContain('api ▾');
    expect(await screen.isRestored()).toBe(true);
  });

  test('of 160 x 50 shows rates, latency, errors, revision, sockets and events; follows its size', async ({
    eco,
    monit,
  }) => {
    const port = await startShop(eco);
    const screen = await monit.open(LARGE);
    await screen.shows(/┌─ Details/);
    await eco.eventually(async () => {
      await eco.get(port);
      await eco.get(port, '/bad');
      return /› api .* [1-9][\d.]* +[1-9][\d.]* +[\d.]+ ms /.test(await screen.text());
    });
    const pattern = [/revision +1/, /sockets +\S+:\d+/, /restarts +0/, /req\/s · .* errors\/s · p50 /, /heap .* MiB/];
    await screen.shows(...pattern, /\d\d:\d\d:\d\d :1 ready/, /! bad request/);
    await screen.resize(80, 24);
    await eco.eventually(async () => {
      const lines = await screen.lines();
      return lines.slice(1, 23).every((line) => line.length === 80) && lines[23]?.endsWith('q quit') === true;
    });
    await screen.resize(160, 50);
    await eco.eventually(async () => {
      const lines = await screen.lines();
      return lines.slice(1, 49).every((line) => line.length === 160) && lines[49]?.endsWith('q quit') === true;
    });
    await screen.resize(30, 8);
    await screen.shows(/^┏━ Apps 2 ━+┓\n/m);
    await screen.press('Tab');
    await screen.shows(/^┏━ Logs api ━+┓\n/m);
    await screen.press('C-c');
    await screen.shows(/exit code 0/);
    expect(await screen.isRestored()).toBe(true);
  });

  test('uses no colour where NO_COLOR asks for none, and colours elsewhere', async ({ eco, monit }) => {
    await startShop(eco);
    const colour = /\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;5;\d+)(?:;\d+)*m/;
    const screen = await monit.open({ env: { NO_COLOR: '1' } });
    await screen.shows(/› api/, /listens as/);
    expect(await screen.coloured()).not.toMatch(colour);
    await screen.press('r');
    await screen.shows(/Restart api/);
    expect(await screen.coloured()).not.toMatch(colour);
    await screen.press('n', 'q');
    await screen.shows(/exit code 0/);
    await screen.type(`clear; unset NO_COLOR; "${eco.node}" "${eco.binary}" monit`);
    await screen.shows(/› api/, /listens as/);
    expect(await screen.coloured()).toMatch(colour);
  });

  test('selects with arrows, filters, goes from pane to pane, and helps', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open();
    await screen.shows(/› api/);
    await screen.press('Down');
    await screen.shows(/› +:0 \d+/, /Logs api:0/);
    await screen.press('Down', 'j');
    await screen.shows(/› sleeper/, /Logs sleeper/);
    await screen.press('/', 'a', 'p', 'i');
    await screen.shows(/Apps 1 of 2 · \/api/, /^\/api▏/m);
    expect(await screen.text()).not.toContain('sleeper ');
    await screen.press('Enter', 'Tab', 'Enter');
    await screen.shows(/┏━ Details/, /shop\/api ready, 2\/2 ready/);
    await screen.press('BTab');
    await screen.shows(/┏━ Logs api/);
    await screen.press('Escape');
    await screen.shows(/┏━ Apps 2 ━/);
    await screen.press('?');
    await screen.shows(/Help · any key goes back/, /one worker after the other/);
    await screen.press('q');
    await screen.shows(/› api/);
    expect(await eco.pids('api')).toHaveLength(2);
  });
});

describe('keys that change apps', () => {
  test('ask first; r, +, -, s, S and R do what they say to the processes', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open(LARGE);
    await screen.shows(/› api/);
    const first = await eco.pids('api');
    await screen.press('r');
    await screen.shows(/Restart api, 2 workers at once, with downtime\? y yes/);
    await screen.press('n');
    await screen.shows(/q quit$/m);
    expect(await eco.pids('api')).toEqual(first);

    await screen.press('r', 'y');
    await screen.shows(/api: restarted \(2\/2 ready\)/);
    const second = await eco.pids('api');
    expect(second).toHaveLength(2);
    expect([...first, ...second].filter(isAlive)).toEqual(second);

    await screen.press('+', '+', 'y');
    await screen.shows(/api: scaled 2 → 4 \(4\/4 ready\)/);
    const third = await eco.pids('api');
    expect(third).toEqual([...second, expect.any(Number), expect.any(Number)]);
    await screen.press('-', 'y');
    await screen.shows(/api: scaled 4 → 3/);
    await gone(third.slice(3), { within: 15_000 });

    await screen.press('s', 'y');
    await screen.shows(/api: stopped/, /api +stopped +0\/3/);
    expect(third.filter(isAlive)).toEqual([]);
    await screen.press('S', 'y');
    await screen.shows(/api: started \(3\/3 ready\)/);

    const fourth = await eco.pids('api');
    await screen.press('R', 'y');
    await screen.shows(/api: reloaded \(3\/3 ready\)/);
    const fifth = await eco.pids('api');
    expect(fifth.filter((pid) => fourth.includes(pid))).toEqual([]);
    expect(fifth).toHaveLength(3);
    expect((await eco.app('sleeper')).restarts).toBe(0);
  });

  test('tell at length why something failed', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open(LARGE);
    await screen.shows(/› api/);
    await eco.write({ 'server.js': "throw new Error('no database');" });
    await screen.press('r', 'y');
    await screen.shows(/Any key goes back/, /no database/, /nothing is serving/);
    await screen.press('x');
    await screen.shows(/api .*(backing-off|failed)/, /last end +:\d exit code 1/);
  });
});

describe('whatever happens', () => {
  test('a daemon that dies is told of, and the next one is taken; operating goes on', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open(LARGE);
    await screen.shows(/› api +▾? +ready/, /listens as/);
    const { pid: before } = await eco.json<{ pid: number }>(['daemon', 'status']);
    const workers = await eco.pids('api');
    kill(before);
    await screen.shows(new RegExp(`the daemon \\(pid ${before}\\) is gone since .*; apps run on`));
    await screen.press('s');
    await screen.shows(/Nothing can be changed while there is no daemon/);
    await screen.press('d');
    await screen.shows(new RegExp(`The daemon was replaced: pid ${before} → \\d+`), /› api +▾? +ready +2\/2/);
    expect(await eco.pids('api')).toEqual(workers);
    await screen.press('+', 'y');
    await screen.shows(/api: scaled 2 → 3 \(3\/3 ready\)/);

    const { pid: second } = await eco.json<{ pid: number }>(['daemon', 'status']);
    kill(second);
    await screen.shows(/is gone since/);
    await eco.ok(['list']);
    await screen.shows(new RegExp(`The daemon was replaced: pid ${second} → \\d+`));
  });

  test('SIGTERM and SIGINT leave the terminal as it was', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await screen.shows(/› api/, /listens as/);
      process.kill(await screen.pid(), signal);
      await screen.shows(/exit code 0\nshell>/);
      expect(await screen.isRestored()).toBe(true);
      await screen.type(`clear; "${eco.node}" "${eco.binary}" monit; echo "exit code $?"`);
    }
  });

  test('a crash, of the view or anywhere, leaves the terminal as it was and says why', async ({ eco, monit }) => {
    await startShop(eco);
    await eco.write({
      // As a bug would: SIGUSR2 in what draws, SIGUSR1 in what nobody awaits.
      'crash.cjs': `
        process.on('SIGUSR2', () => { String.prototype.padStart = () => { throw new Error('a bug in the view'); }; });
        process.on('SIGUSR1', () => { throw new Error('a bug elsewhere'); });`,
    });
    const screen = await monit.open({ env: { NODE_OPTIONS: `--require=${eco.path('crash.cjs')}` } });
    for (const [signal, bug] of [
      ['SIGUSR2', 'a bug in the view'],
      ['SIGUSR1', 'a bug elsewhere'],
    ] as const) {
      await screen.shows(/› api/, /listens as/);
      process.kill(await screen.pid(), signal);
      await screen.shows(/exit code [1-9]/, new RegExp(bug));
      expect(await screen.isRestored()).toBe(true);
      await screen.type(`clear; "${eco.node}" "${eco.binary}" monit; echo "exit code $?"`);
    }
  });

  test('a terminal that is closed ends it', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open();
    await screen.shows(/› api/, /listens as/);
    const pid = await screen.pid();
    await screen.close();
    await gone([pid], { within: 10_000 });
    expect(await eco.pids('api')).toHaveLength(2);
  });

  test('nor does it live on where hanging up is ignored', async ({ eco, monit }) => {
    await startShop(eco);
    const screen = await monit.open();
    await screen.shows(/› api/, /listens as/);
    await screen.press('q');
    await screen.shows(/exit code 0/);
    await screen.type(`clear; trap '' HUP; "${eco.node}" "${eco.binary}" monit`);
    await screen.shows(/› api/, /listens as/);
    const pid = await screen.pid();
    await screen.close();
    await gone([pid], { within: 10_000 });
  });
});

test('without a terminal it is list --watch', async ({ eco }) => {
  await startShop(eco);
  const watching = eco.start(['monit']);
  let text = '';
  watching.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eco.eventually(() => [...text.matchAll(/^api +ready +2\/2/gm)].length >= 2);
  expect(text).not.toContain('\u001B');
  watching.kill('SIGTERM');
  await eco.eventually(() => watching.exitCode === 0);
});

test('nothing to watch: it says so, and starts no daemon', async ({ eco, monit }) => {
  const screen = await monit.open();
  await screen.shows(/Nothing to watch: there are no apps/, /exit code 0/);
  expect(eco.processes().some(({ command }) => command.includes('ecod'))).toBe(false);
});
