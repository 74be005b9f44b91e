import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventLog } from '../../src/daemon/event-log.ts';
import { Projects } from '../../src/daemon/projects.ts';
import { Store, type ProjectDocument } from '../../src/daemon/store.ts';
import type { ObservedApp } from '../../src/domain/observed-state.ts';
import { jsonFilesIn, readJsonFile, readJsonFolder, writeJsonFile } from '../../src/platform/json-file.ts';
import { appendLine, fileSize, lastLines } from '../../src/platform/log-files.ts';
import { newDocument } from '../../src/supervise/cluster-document.ts';
import type { WorkerRecord } from '../../src/supervise/ports.ts';
import { exitRecordPath } from '../../src/supervise/worker-launch.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { appSpec, observedApp } from '../support/states.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eco-files-'));
  file = join(folder, 'app.log');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the last lines of a file', () => {
  test.for<[string, string, number, readonly string[]]>([
    ['all of a few', 'a\nb\n', 5, ['a', 'b']],
    ['some of many', 'a\nb\nc\n', 2, ['b', 'c']],
    ['one without its end', 'a\nb', 5, ['a', 'b']],
    ['empty ones', 'a\n\n\n', 5, ['a', '', '']],
    ['none of none', '', 5, []],
    ['none', 'a\n', 0, []],
    ['of more than ASCII', 'grüße\n日本\n', 1, ['日本']],
    ['with the carriage returns of other systems', 'a\r\nb\r\n', 1, ['b\r']],
  ])('%s', ([, text, count, expected]) => {
    writeFileSync(file, text);
    expect(lastLines(file, count)).toEqual(expected);
  });

  test('of a file that is missing are none', () => {
    expect(lastLines(file, 5)).toEqual([]);
    expect([fileSize(file), fileSize(null)]).toEqual([0, 0]);
  });

  test('from an offset are those of one run; where the file was truncated since, all of it', () => {
    writeFileSync(file, 'before\nafter\n');
    expect(lastLines(file, 5, { start: 7 })).toEqual(['after']);
    expect(lastLines(file, 5, { start: 13 })).toEqual([]);
    expect(lastLines(file, 5, { start: 700 })).toEqual(['before', 'after']);
    expect(lastLines(file, 5, { end: 7 })).toEqual(['before']);
  });

  test('of a large file are read from its end', () => {
    const lines = Array.from({ length: 200_000 }, (_, i) => `line ${i}`);
    writeFileSync(file, lines.join('\n'));
    expect(lastLines(file, 1000)).toEqual(lines.slice(-1000));
  });
});

describe('appending to a record', () => {
  test('begins a new file past the limit and keeps the one before it', () => {
    for (const line of ['first', 'second', 'third', 'fourth']) appendLine(file, line, 10);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('first\nsecond\n');
    expect(readFileSync(file, 'utf8')).toBe('third\nfourth\n');
    appendLine(file, 'fifth', 10);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('third\nfourth\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('a JSON document', () => {
  test('is private, replaces the one before, and leaves nothing beside it', () => {
    const path = join(folder, 'a', 'b', 'doc.json');
    writeJsonFile(path, { version: 1 }, { flushed: true });
    writeJsonFile(path, { version: 2 }, { flushed: false });
    expect(readJsonFile(path)).toEqual({ version: 2 });
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['doc.json']);
    expect([path, join(folder, 'a'), join(folder, 'a', 'b')].map((name) => statSync(name).mode & 0o777)).toEqual([
      0o600, 0o700, 0o700,
    ]);
  });

  test('survives a writer that died half-way', () => {
    const path = join(folder, 'doc.json');
    writeJsonFile(path, { version: 1 }, { flushed: false });
    writeFileSync(`${path}.tmp`, '{"version": 2, "and then th');
    expect(readJsonFile(path)).toEqual({ version: 1 });
    expect(jsonFilesIn(folder)).toEqual(['doc']);
    writeJsonFile(path, { version: 3 }, { flushed: false });
    expect(readJsonFile(path)).toEqual({ version: 3 });
  });

  test('that is missing, truncated or a folder reads as undefined', () => {
    writeFileSync(join(folder, 'truncated.json'), '{"format":1,"val');
    writeFileSync(join(folder, 'empty.json'), '');
    mkdirSync(join(folder, 'folder.json'));
    expect(readJsonFile(join(folder, 'folder.json'))).toBeUndefined();
    expect(readJsonFile(join(folder, 'missing.json'))).toBeUndefined();
    expect(readJsonFolder(folder)).toEqual([
      ['empty', undefined],
      ['truncated', undefined],
    ]);
    expect(readJsonFolder(join(folder, 'missing'))).toEqual([]);
  });
});

describe('the store', () => {
  const KEY = { project: 'te/st', app: '.. odd * name' };
  const RECORD: WorkerRecord = {
    id: 'te/st/.. odd * name:0#1',
    key: KEY,
    instance: 0,
    generation: 1,
    phase: 'ready',
    restarts: 0,
    process: { pid: 101, startTime: '2', bootId: '3' },
    startedAt: 4,
    lastExit: null,
  };
  const clock = fakeClock();
  const open = (problems: string[] = []) =>
    new Store(folder, { clock, onProblem: (path, problem) => problems.push(`${path}: ${problem}`) });

  test('gives the next daemon what this one kept, whatever the names', () => {
    const store = open();
    const app = newDocument(KEY, appSpec({ name: KEY.app }));
    const project = { name: 'te/st', origin: { type: 'folder', path: '/' }, file: '/f', serial: 3 } as const;
    store.saveApp(app);
    store.saveWorker(RECORD);
    store.saveProject(project);
    store.saveManifest('abc', { 'app.js': 'def' });
    const next = open();
    expect(next.loadApps()).toEqual([app]);
    expect(next.loadWorkers()).toEqual([RECORD]);
    expect(next.loadProjects()).toEqual([{ ...project, deletedApps: [] }]);
    expect(next.loadManifest('abc')).toEqual({ 'app.js': 'def' });
    expect(next.loadManifest('unknown')).toEqual({});
  });

  test('keeps everything within its folder', () => {
    const store = open();
    for (const name of ['..', '.', '../..', '/etc/x', 'a/b', '*', '%2E', 'ü']) {
      store.saveApp(newDocument({ project: name, app: name }, appSpec({ name })));
    }
    expect(
      open()
        .loadApps()
        .map(({ key }) => key.app)
        .sort(),
    ).toEqual(['%2E', '*', '.', '..', '../..', '/etc/x', 'a/b', 'ü']);
    expect(readdirSync(folder)).toEqual(['apps']);
  });

  test('forgets what it is told to forget', () => {
    const store = open();
    store.saveApp(newDocument(KEY, appSpec({ name: KEY.app })));
    store.saveWorker(RECORD);
    store.removeApp(KEY);
    store.forgetWorker(RECORD.id);
    store.forgetWorker('unknown');
    expect([open().loadApps(), open().loadWorkers()]).toEqual([[], []]);
  });

  test('is flushed once all that is durable is, also what is written or removed meanwhile', async () => {
    const problems: string[] = [];
    const store = open(problems);
    const documents = ['a', 'b', 'c'].map((name) => newDocument({ ...KEY, app: name }, appSpec({ name })));
    documents.forEach((document) => store.saveApp(document));
    store.removeApp({ ...KEY, app: 'b' });
    const first = store.flushed();
    documents.forEach((document) => store.saveApp(document));
    store.removeApp({ ...KEY, app: 'c' });
    await Promise.all([first, store.flushed()]);
    await store.flushed();
    expect(problems).toEqual([]);
    expect(open().loadApps()).toEqual(documents.slice(0, 2));
  });

  test('writes a worker that was forgotten and comes back', () => {
    const store = open();
    store.saveWorker(RECORD);
    store.forgetWorker(RECORD.id);
    store.saveWorker(RECORD);
    expect(open().loadWorkers()).toEqual([RECORD]);
  });

  describe.each<[string, string]>([
    ['garbage', 'not JSON at all'],
    ['cut off', '{"format":1,"value":{"name":"x"'],
    ['without a value', '{"format":1}'],
    ['of something else', '{"format":1,"value":{"key":{"project":"shop"},"id":7}}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['empty', ''],
  ])('a document that is %s', (_what, text) => {
    test.for<[string, (store: Store) => unknown]>([
      ['projects/broken.json', (store) => store.loadProjects()],
      ['apps/shop/broken.json', (store) => store.loadApps()],
      ['workers/broken.json', (store) => store.loadWorkers()],
      ['code/broken.json', (store) => Object.keys(store.loadManifest('broken'))],
      ['start-numbers.json', (store) => [store.loadRetiredNumbers()].filter((number) => number > 0)],
    ])("at %s is reported and kept aside, where it is in nobody's way", ([name, load]) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      const problems: string[] = [];
      const store = open(problems);
      expect(load(store)).toEqual([]);
      expect(problems).toEqual([`${path}: not a document of eco's; kept as ${path}.broken`]);
      expect(readFileSync(`${path}.broken`, 'utf8')).toBe(text);
      expect(load(store)).toEqual([]);
      expect(problems).toHaveLength(1);
    });
  });

  test('reads the others beside a broken one', () => {
    const store = open();
    const app = newDocument(KEY, appSpec({ name: KEY.app }));
    store.saveApp(app);
    writeFileSync(join(folder, 'apps', 'te%2Fst', 'broken.json'), '{"format"');
    expect(open().loadApps()).toEqual([app]);
  });

  test('leaves what a newer eco wrote to that', () => {
    const path = join(folder, 'projects', 'x.json');
    mkdirSync(dirname(path));
    writeFileSync(path, '{"format":999,"value":{}}');
    const problems: string[] = [];
    expect(open(problems).loadProjects()).toEqual([]);
    expect(problems).toEqual([`${path}: written by a newer version of eco`]);
    expect(readdirSync(dirname(path))).toEqual(['x.json']);
  });

  test.for([
    ['0', { pid: 0, startTime: '1', bootId: 'b' }],
    ['1', { pid: 1, startTime: '1', bootId: 'b' }],
    ['-1', { pid: -1, startTime: '1', bootId: 'b' }],
    ['a text', { pid: '7', startTime: '1', bootId: 'b' }],
    ['missing', {}],
  ] as const)('believes no record of a process whose number is %s', ([, process]) => {
    open().saveWorker({ ...RECORD, process: process as never });
    expect(open().loadWorkers()).toEqual([]);
  });

  test('reports what it cannot write, once, and writes it as soon as it can', async () => {
    const problems: string[] = [];
    const obstacle = join(folder, 'workers');
    writeFileSync(obstacle, 'a file where a folder should be');
    const store = open(problems);
    store.saveWorker({ ...RECORD, restarts: 1 });
    store.saveWorker({ ...RECORD, restarts: 2 });
    await clock.advance(10_000);
    expect(problems).toHaveLength(1);
    rmSync(obstacle);
    await clock.advance(2000);
    expect(open().loadWorkers()).toEqual([{ ...RECORD, restarts: 2 }]);
  });

  test('does not write later what was forgotten since', async () => {
    const obstacle = join(folder, 'apps');
    writeFileSync(obstacle, '');
    const store = open();
    store.saveApp(newDocument(KEY, appSpec({ name: KEY.app })));
    rmSync(obstacle);
    store.removeApp(KEY);
    await clock.advance(10_000);
    expect(open().loadApps()).toEqual([]);
  });

  test('refuses what must be written now, and does not write it later', async () => {
    const obstacle = join(folder, 'apps');
    writeFileSync(obstacle, '');
    const store = open();
    expect(store.saveAppNow(newDocument(KEY, appSpec({ name: KEY.app })))).toMatchObject({ reason: 'store-failed' });
    rmSync(obstacle);
    await clock.advance(10_000);
    expect(open().loadApps()).toEqual([]);
  });

  test('knows what a process wrote of its end, for as long as the worker is remembered', () => {
    const store = open();
    store.saveWorker(RECORD);
    mkdirSync(join(folder, 'run', 'exits'), { recursive: true });
    const path = exitRecordPath(folder, RECORD.id);
    expect(store.loadExitCode(RECORD.id)).toBeNull();
    writeFileSync(path, '{"code":3}');
    expect(store.loadExitCode(RECORD.id)).toBe(3);
    writeFileSync(path, '{"co');
    expect(store.loadExitCode(RECORD.id)).toBeNull();
    store.removeExitRecordsExcept(new Set([RECORD.id]));
    expect(jsonFilesIn(dirname(path))).toHaveLength(1);
    store.forgetWorker(RECORD.id);
    expect(jsonFilesIn(dirname(path))).toEqual([]);
  });

  test('keeps the manifests that apps refer to', () => {
    const store = open();
    for (const digest of ['sha256:aa', 'bb']) store.saveManifest(digest, { [digest]: '1' });
    store.removeManifestsExcept(new Set(['sha256:aa']));
    expect([store.loadManifest('sha256:aa'), store.loadManifest('bb')]).toEqual([{ 'sha256:aa': '1' }, {}]);
  });
});

describe('the event log', () => {
  const STOPPED = { type: 'daemon-stopped', pid: 1 } as const;

  test('tells what happened, with its time, and those who follow from then on', () => {
    let now = 5;
    const log = new EventLog(folder, () => now);
    log.record(STOPPED);
    const heard: unknown[] = [];
    const stop = new AbortController();
    log.follow((event) => heard.push(event), stop.signal);
    now = 6;
    log.record(STOPPED);
    stop.abort();
    log.record(STOPPED);
    expect(heard).toEqual([{ ...STOPPED, at: 6 }]);
    expect(log.recent().map(({ at }) => at)).toEqual([5, 6, 6]);
  });

  test('leaves out lines that are no events, such as one that a crash cut off', () => {
    const log = new EventLog(folder, () => 5);
    writeFileSync(join(folder, 'events.jsonl'), '{"type":"daemon-st\n');
    log.record(STOPPED);
    expect(log.recent()).toEqual([{ ...STOPPED, at: 5 }]);
  });

  test('does not stop supervision when it cannot be written', () => {
    const log = new EventLog(join(folder, 'missing'), () => 5);
    const heard: unknown[] = [];
    log.follow((event) => heard.push(event), new AbortController().signal);
    log.record(STOPPED);
    expect(heard).toHaveLength(1);
  });
});

describe('projects', () => {
  const claim = (path: string, takeOwnership = false) => ({
    project: 'shop',
    origin: { type: 'folder', path } as const,
    file: `${path}/ecosystem.yaml`,
    takeOwnership,
    by: { user: 'ada', host: 'here', pid: 1 },
  });

  test('belong to who claimed them, for as long as they have apps', () => {
    const saved: unknown[] = [];
    const projects = new Projects([], { save: (document) => saved.push(document), newLineage: () => 'one' });
    expect(projects.claim(claim('/a'), false)).toEqual({ ok: true, value: { serial: 1 } });
    expect(projects.claim(claim('/a'), true)).toEqual({ ok: true, value: { serial: 2 } });
    expect(projects.claim(claim('/b'), true)).toMatchObject({
      ok: false,
      error: { reason: 'owned-by-another-origin', owner: { path: '/a' }, claimant: { path: '/b' } },
    });
    expect(saved).toHaveLength(2);
    expect(projects.claim(claim('/b'), false)).toEqual({ ok: true, value: { serial: 3 } });
    expect(projects.claim(claim('/a', true), true)).toEqual({ ok: true, value: { serial: 4 } });
    expect(projects.observe([])).toMatchObject([
      { name: 'shop', file: '/a/ecosystem.yaml', serial: 4, lineage: 'one', apps: [] },
    ]);
    projects.changedByHand('shop');
    projects.changedByHand('unknown');
    expect(projects.observe([])).toMatchObject([{ serial: 5, lineage: 'one' }]);
    const before = { name: 'old', origin: { type: 'folder', path: '/' }, file: '/f', serial: 3 } as const;
    expect(new Projects([before], { save: () => {}, newLineage: () => 'two' }).observe([])).toMatchObject([
      { serial: 3, lineage: 'two' },
    ]);
  });

  test('keep in mind what was deleted by hand, across daemons, until it is there again or the next apply', () => {
    const store = new Store(folder, { clock: fakeClock(), onProblem: (_path, problem) => expect(problem).toBe('') });
    const ports = { save: (document: ProjectDocument) => store.saveProject(document), newLineage: () => 'one' };
    const projects = new Projects([], ports);
    projects.claim(claim('/a'), false);
    const by = { user: 'ada', host: 'here', pid: 1 };
    const [api, web] = ['api', 'web'].map((name) => observedApp(appSpec({ name })));
    for (const [at, name] of ['web', 'api', 'web'].entries())
      projects.changedByHand('shop', { name, applied: appSpec({ name }), by, at });
    projects.changedByHand('shop');

    const next = new Projects(store.loadProjects(), ports);
    const deleted = (apps: readonly (ObservedApp | undefined)[]) =>
      next
        .observe(apps.filter((app) => app !== undefined))
        .flatMap(({ deletedApps = [] }) => deletedApps.map(({ name, at }) => `${name} ${at}`));
    expect(deleted([])).toEqual(['api 1', 'web 2']);
    expect(deleted([web])).toEqual(['api 1']);
    expect(deleted([api, web])).toEqual([]);
    next.claim(claim('/a'), true);
    expect(deleted([])).toEqual([]);
  });
});
