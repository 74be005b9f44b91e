import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../src/domain/app-spec.ts';
import { cgroups, ownCgroup } from '../../src/platform/cgroups.ts';
import type { LaunchRequest } from '../../src/platform/launcher.ts';

const DAEMON = 100;
const WORKER = 200;
const STRANGER = 300;
const NONE: Limits = { memory: null, cpu: null, pids: null };
const REQUEST: LaunchRequest = {
  command: 'node',
  args: ['app.js', 'a b'],
  cwd: '/',
  env: {},
  outFile: null,
  errorFile: null,
  combinedFile: null,
  ipc: true,
  inherit: [],
};

/** Files as the kernel has them in a cgroup; writing to these changes nothing else. */
let own = '';
beforeEach(() => {
  own = join(mkdtempSync(join(tmpdir(), 'eco-cgroup-')), 'eco.service');
  mkdirSync(own);
});
afterEach(() => rmSync(join(own, '..'), { recursive: true }));

function cgroup({ members = [DAEMON], controllers = 'cpuset cpu io memory pids', handsOn = '' } = {}): void {
  writeFileSync(join(own, 'cgroup.type'), 'domain\n');
  writeFileSync(join(own, 'cgroup.controllers'), `${controllers}\n`);
  writeFileSync(join(own, 'cgroup.procs'), members.map((pid) => `${pid}\n`).join(''));
  writeFileSync(join(own, 'cgroup.subtree_control'), handsOn);
}

const read = (...path: readonly string[]): string => readFileSync(join(own, ...path), 'utf8');

function enclose(limits: Partial<Limits>, place = own) {
  const tree = cgroups({ own: place, pid: DAEMON, isOurs: (pid) => pid === WORKER });
  return tree.enclose(REQUEST, { name: 'shop%2Fapi', limits: { ...NONE, ...limits } });
}

describe('a worker with limits', () => {
  test('is started by a shell that enters its cgroup and becomes the program', () => {
    cgroup({ handsOn: 'memory cpu pids' });
    const { request, problem } = enclose({ memory: 512, cpu: 1.5, pids: 40 });
    expect(problem).toBeNull();
    const folder = join(own, 'eco-worker-shop%2Fapi');
    expect(request).toEqual({
      ...REQUEST,
      command: '/bin/sh',
      args: ['-c', 'echo 0 > "$0" && exec "$@"', join(folder, 'cgroup.procs'), 'node', 'app.js', 'a b'],
    });
    const files = ['memory.max', 'memory.oom.group', 'cpu.max', 'pids.max'];
    expect(files.map((name) => read('eco-worker-shop%2Fapi', name))).toEqual(['512', '1', '150000 100000', '40']);
  });

  test('where controllers are not handed on yet, the daemon and its workers make room first', () => {
    cgroup({ members: [DAEMON, WORKER] });
    // A file keeps what was written last, where the kernel would add it up.
    enclose({ memory: 512, pids: 9 });
    expect(read('eco-daemon', 'cgroup.procs')).toBe(String(WORKER));
    expect(read('cgroup.subtree_control')).toBe('+memory +pids');
  });

  test('a daemon that has made room before works in the same cgroup', () => {
    cgroup({ handsOn: 'memory', members: [] });
    expect(enclose({ memory: 512 }, join(own, 'eco-daemon')).problem).toBeNull();
    expect(readdirSync(own)).toContain('eco-worker-shop%2Fapi');
  });
});

describe('limits that cannot be had are said, and the worker is started without', () => {
  test.for<[string, Parameters<typeof cgroup>[0], RegExp]>([
    ['other processes are there', { members: [DAEMON, STRANGER] }, /is not eco's alone: .*Delegate=yes/],
    ['no controller is there', { controllers: 'hugetlb' }, /has no control over memory, cpu$/],
  ])('%s', ([, there, expected]) => {
    cgroup(there);
    const { request, problem } = enclose({ memory: 512, cpu: 1 });
    expect(problem).toMatch(expected);
    expect(request).toEqual(REQUEST);
    expect(readdirSync(own).filter((name) => name.startsWith('eco'))).toEqual([]);
  });

  test('one of two controllers is there: what can be limited is', () => {
    cgroup({ controllers: 'memory', handsOn: 'memory' });
    const { request, problem } = enclose({ memory: 512, cpu: 1 });
    expect(problem).toMatch(/has no control over cpu$/);
    expect(request.command).toBe('/bin/sh');
    expect(readdirSync(join(own, 'eco-worker-shop%2Fapi')).sort()).toEqual(['memory.max', 'memory.oom.group']);
  });

  test('there is no cgroup v2', () => {
    const tree = cgroups({ own: null, pid: DAEMON, isOurs: () => false });
    const enclosed = tree.enclose(REQUEST, { name: 'x', limits: { ...NONE, memory: 1 } });
    expect(enclosed).toEqual({ request: REQUEST, problem: 'this machine has no cgroup v2' });
    tree.leave('x');
  });

  test('the cgroup is not ours to change', () => {
    cgroup();
    writeFileSync(join(own, 'eco-daemon'), 'no folder');
    expect(enclose({ memory: 512 }).problem).toContain('EEXIST');
  });
});

test('a cgroup goes when nobody is in it any more, but not while its process is awaited', () => {
  cgroup({ handsOn: 'pids' });
  const tree = cgroups({ own, pid: DAEMON, isOurs: () => true });
  const folders = (): readonly string[] => readdirSync(own).filter((name) => name.startsWith('eco-worker-'));
  for (const name of ['a', 'b']) {
    tree.enclose(REQUEST, { name, limits: { ...NONE, pids: 7 } });
    // The kernel's own files do not keep a folder from being removed.
    rmSync(join(own, `eco-worker-${name}`, 'pids.max'));
  }
  mkdirSync(join(own, 'eco-worker-of an earlier daemon'));
  tree.leave('a');
  expect(folders()).toEqual(['eco-worker-b']);
  tree.leave('b');
  expect(folders()).toEqual([]);
});

test('the own cgroup is found where there is one', () => {
  const place = ownCgroup();
  expect(place === null || readdirSync(place).includes('cgroup.procs')).toBe(true);
});
