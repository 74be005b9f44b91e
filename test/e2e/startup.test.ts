import { chmod, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { loadOn, startLoadedApps } from '../support/drain-rig.ts';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig, RunResult } from '../support/eco-rig.ts';
import { packageAs } from '../support/other-version.ts';
import { gone, hasVariable, kill } from '../support/processes.ts';

interface Status {
  readonly running: boolean;
  readonly pid: number;
  readonly version: string;
  readonly service: string | null;
}

/** A stand-in for systemd: the real one would be told to start things on the machine that runs the tests. */
class Machine {
  readonly eco: EcoRig;
  readonly #bin: string;

  private constructor(eco: EcoRig, bin: string) {
    this.eco = eco;
    this.#bin = bin;
  }

  static async create(eco: EcoRig): Promise<Machine> {
    const machine = new Machine(eco, join(eco.root, 'bin'));
    await mkdir(machine.#bin);
    await mkdir(machine.state);
    const systemctl = fileURLToPath(new URL('../support/stand-in-systemctl.mjs', import.meta.url));
    await chmod(systemctl, 0o755);
    await symlink(systemctl, join(machine.#bin, 'systemctl'));
    await machine.#script('systemd-notify', 'echo "$*" > "$NOTIFY_SOCKET"');
    await machine.#script('loginctl', 'echo "loginctl $*" >> "$STAND_IN/log"');
    return machine;
  }

  get state(): string {
    return join(this.eco.root, 'systemd');
  }

  get unit(): string {
    return join(this.eco.root, 'user', '.config', 'systemd', 'user');
  }

  async run(...args: readonly string[]): Promise<RunResult> {
    const env = { PATH: `${this.#bin}:${process.env['PATH'] ?? ''}`, STAND_IN: this.state };
    return this.eco.run(args, { env });
  }

  /** What the service manager was told since the last time. */
  async told(): Promise<readonly string[]> {
    const log = join(this.state, 'log');
    const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
    await writeFile(log, '');
    return lines.filter((line) => line !== '--version' && line !== '');
  }

  async #script(name: string, text: string): Promise<void> {
    await writeFile(join(this.#bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

const LOAD = { keepAlive: 4, close: 2, slow: 1, pause: 20 };

describe('eco startup', () => {
  test('puts a daemon that ran by hand under the service manager, which keeps it running; unstartup takes that back', async ({
    eco,
  }) => {
    const machine = await Machine.create(eco);
    const [served] = await startLoadedApps(eco, { servers: ['http'], mode: 'cluster', instances: 2, slow: 100 });
    const pids = await eco.pids('http');
    const byHand = await status(eco);
    expect(byHand.service).toBeNull();
    const load = await loadOn(served ?? { server: 'http', port: 0 }, LOAD);

    const first = await machine.run('startup', '--no-system');
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    const [name = ''] = await readdir(machine.unit);
    expect(name).toMatch(/^eco-[0-9a-f]{8}\.service$/);
    expect(first.stdout).toBe(
      `${name} starts eco at boot from now on, and keeps its daemon running: ${join(machine.unit, name)}\n`,
    );
    expect(await machine.told()).toEqual([
      'daemon-reload',
      `enable ${name}`,
      `restart ${name}`,
      expect.stringContaining('loginctl enable-linger') as string,
    ]);
    await gone([byHand.pid], { within: 1000 });
    const kept = await status(eco);
    expect(kept.service).toBe(name);
    expect(await readFile(join(machine.state, 'ready'), 'utf8')).toBe('--ready\n');
    expect((await eco.ok(['daemon', 'status'])).stdout).toContain(`kept running by ${name}`);

    const text = await readFile(join(machine.unit, name), 'utf8');
    const second = await machine.run('startup', '--no-system');
    expect([second.exitCode, second.stdout]).toEqual([
      0,
      `${name} starts eco at boot already: ${join(machine.unit, name)}\n`,
    ]);
    expect(await readFile(join(machine.unit, name), 'utf8')).toBe(text);
    expect(await status(eco)).toMatchObject({ pid: kept.pid, service: name });
    await machine.told();

    kill(kept.pid);
    await gone([kept.pid], { within: 1000 });
    const next = await eco.eventually(async () => {
      const now = await status(eco);
      return now.service === name && now;
    });
    expect(next.pid).not.toBe(kept.pid);
    expect((await eco.ok(['daemon', 'stop'])).stdout).toContain(
      `${name} starts it again, unless you type: eco unstartup`,
    );
    await eco.eventually(async () => (await status(eco)).service === name);

    const undone = await machine.run('unstartup', '--no-system');
    expect([undone.exitCode, undone.stderr]).toEqual([0, '']);
    expect(await machine.told()).toEqual([`disable --now ${name}`, 'daemon-reload']);
    expect(await readdir(machine.unit)).toEqual([]);
    expect(await status(eco)).toMatchObject({ running: true, service: null });
    expect((await machine.run('unstartup', '--no-system')).stdout).toContain('eco does not start at boot');
    expect(await machine.told()).toEqual([]);

    expect(await eco.pids('http')).toEqual(pids);
    expect((await load.stop()).errors).toEqual({});
  });

  test('starts every app after a boot, in an environment that finds the same programs', async ({ eco }) => {
    const machine = await Machine.create(eco);
    await eco.write({
      'ecosystem.json': {
        project: 'shop',
        apps: [{ name: 'web', script: 'sleep', args: ['1000'], interpreter: 'none' }],
      },
    });
    await eco.apply();
    const before = await eco.pid('web');
    const [name = ''] = await machine.run('startup', '--no-system').then(() => readdir(machine.unit));
    // The power fails, and comes back: only what is on disk is left.
    const supervisor = Number(await readFile(join(machine.state, 'supervisor'), 'utf8'));
    kill(supervisor);
    kill((await status(eco)).pid);
    kill(before);
    const home = JSON.parse(await readFile(join(eco.home, 'home.json'), 'utf8')) as object;
    await writeFile(join(eco.home, 'home.json'), JSON.stringify({ ...home, bootId: 'another' }));
    await gone([supervisor, before], { within: 2000 });
    await machine.run('startup', '--no-system');
    await eco.eventually(async () => (await eco.app('web')).status === 'ready');
    const pid = await eco.pid('web');
    expect(hasVariable(pid, 'NOTIFY_SOCKET', join(machine.state, 'ready'))).toBe(false);
    expect(hasVariable(pid, 'PATH', `${join(eco.root, 'bin')}:${process.env['PATH'] ?? ''}`)).toBe(true);
    expect((await status(eco)).service).toBe(name);
    await machine.run('unstartup', '--no-system');
  });

  test('an upgrade goes through the service; where that starts another eco, it says so', async ({ eco }) => {
    const older = inject('ecoPackage');
    const newer = await packageAs('97.0.0', older);
    try {
      const machine = await Machine.create(eco);
      await machine.run('startup', '--no-system');
      const before = await status(eco);
      const same = await machine.run('daemon', 'upgrade');
      expect([same.exitCode, same.stderr]).toEqual([0, '']);
      const now = await status(eco);
      expect([now.service, now.pid === before.pid]).toEqual([before.service, false]);

      eco.packageFolder = newer.folder;
      const other = await machine.run('daemon', 'upgrade');
      expect(other.exitCode).toBe(11);
      expect(other.stderr).toContain(`not eco 97.0.0`);
      expect(other.stderr).toContain(
        `${before.service} starts another eco than this one. Tell it to start this one: eco startup`,
      );
      expect((await machine.run('startup', '--no-system')).exitCode).toBe(0);
      expect(await status(eco)).toMatchObject({ version: '97.0.0', service: before.service });
      await machine.run('unstartup', '--no-system');
    } finally {
      eco.packageFolder = older;
      await newer.remove();
    }
  });

  test('a second service for the same home gives way, for good', async ({ eco }) => {
    const machine = await Machine.create(eco);
    await machine.run('startup', '--no-system');
    const kept = await status(eco);
    const [name = ''] = await readdir(machine.unit);
    const text = await readFile(join(machine.unit, name), 'utf8');
    const rival = join(eco.root, 'rival');
    await mkdir(rival);
    await writeFile(
      join(machine.unit, 'rival.service'),
      text.replace(`ECO_SERVICE=${name}`, 'ECO_SERVICE=rival.service'),
    );
    const started = await eco.shell(
      `STAND_IN=${rival} ${join(eco.root, 'bin', 'systemctl')} --user start rival.service`,
    );
    expect(started).toMatchObject({ exitCode: 1, stderr: 'Job for rival.service failed.\n' });
    expect(await status(eco)).toMatchObject({ pid: kept.pid, service: name });
    await machine.run('unstartup', '--no-system');
  });

  test.runIf(process.getuid?.() === 0)(
    'another user gets the text and the command, and nothing is changed',
    async ({ eco }) => {
      const { stdout } = await eco.ok(['startup', '--print']);
      expect(stdout).toContain('ExecStart="');
      expect(stdout).toContain('sudo systemctl daemon-reload\n');
      expect(await readdir(join(eco.root, 'user'))).toEqual([]);
      expect(await eco.json<{ steps: readonly unknown[] }>(['startup', '--print'])).toMatchObject({
        format_version: '1.0',
        steps: expect.arrayContaining([{ type: 'run', words: ['systemctl', 'daemon-reload'] }]) as unknown,
      });
    },
  );
});

async function status(eco: EcoRig): Promise<Status> {
  return eco.json<Status>(['daemon', 'status']);
}
