import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogRotation } from '../../src/domain/app-spec.ts';
import { LogLedger, type LogDocument } from '../../src/platform/log-ledger.ts';
import { lastLogLines, LogCursor, logReader } from '../../src/platform/log-reading.ts';
import { LogCutter } from '../../src/supervise/log-cutter.ts';
import { LogKeeper, type LogKeeperOptions } from '../../src/supervise/log-keeper.ts';
import type { LogProblem } from '../../src/supervise/log-problem.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { eventually } from '../support/eventually.ts';
import { firstGap, numbersByInstance, wholeLog } from '../support/written-lines.ts';

const WRITER = fileURLToPath(new URL('../../fixtures/workers/numbers-lines.js', import.meta.url));
const ROTATION: LogRotation = { maxSize: 256 << 10, keep: 1000, compress: false };

let folder: string;
let file: string;
const problems: string[] = [];

function useFolder(parent: string): void {
  beforeEach(() => {
    folder = mkdtempSync(join(parent, 'eco-rotation-'));
    file = join(folder, 'app.log');
    problems.length = 0;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
}

function rig(ledger = new LogLedger(join(folder, 'home'), Date.now)) {
  const onProblem = (_path: string, problem: LogProblem): void => void problems.push(problem.type);
  return { ledger, cutter: new LogCutter({ ledger, onProblem }), onProblem };
}

/** Numbered lines as the writer's, without a process. */
function append(from: number, to: number): void {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => `${`0 ${from + i} `.padEnd(99, 'x')}\n`);
  appendFileSync(file, lines.join(''));
}

function plainLines(count: number): string {
  return `${'x'.repeat(99)}\n`.repeat(count);
}

/** Starts writers that share the file, as `merge_logs` makes them. */
function startWriters(count: number, lines: number): readonly ChildProcess[] {
  return Array.from({ length: count }, (_, instance) => {
    const out = openSync(file, 'a');
    const child = spawn(process.execPath, [WRITER], {
      env: { LINES: String(lines), NODE_APP_INSTANCE: String(instance) },
      stdio: ['ignore', out, 'pipe'],
    });
    closeSync(out);
    return child;
  });
}

/** Those that have not written their last line yet. */
function stillWriting(writers: readonly ChildProcess[]): ReadonlySet<ChildProcess> {
  const writing = new Set(writers);
  for (const writer of writers) writer.stderr?.once('data', () => writing.delete(writer));
  return writing;
}

async function endWriters(writers: readonly ChildProcess[]): Promise<void> {
  for (const writer of writers) {
    const ended = once(writer, 'exit');
    writer.kill('SIGKILL');
    await ended;
  }
}

function whole(ledger: LogLedger): string {
  return wholeLog(file, ledger.document(file).start);
}

function gaps(ledger: LogLedger, lines: number): readonly (string | null)[] {
  return [...numbersByInstance(whole(ledger)).values()].map((numbers) => firstGap(numbers, lines));
}

/** All lines that eco itself would show. */
async function readAll(ledger: LogLedger, path = file): Promise<string> {
  const cursor = new LogCursor(ledger, path);
  let text = '';
  for await (const { lines, partial } of cursor.forward(0, ledger.end(path)))
    for (const line of [...lines, ...(partial === null ? [] : [partial])]) text += `${line.text}\n`;
  return text;
}

describe.each([
  ['on the disk of the temporary folder', tmpdir()],
  ['in memory', '/dev/shm'],
])('%s', (_, parent) => {
  useFolder(existsSync(parent) ? parent : tmpdir());

  test('files that are being written to lose nothing, whole lines go to archives, and readers see each line once', async () => {
    const { ledger, cutter } = rig();
    const lines = 60_000;
    const writers = startWriters(2, lines);
    const read: string[] = [];
    const readOn = logReader(ledger, file, { from: 0, onLine: (line) => read.push(line) });
    const writing = stillWriting(writers);
    while (writing.size > 0) {
      await cutter.rotate(file, ROTATION);
      readOn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await cutter.rotate(file, ROTATION);
    readOn();
    await endWriters(writers);
    expect(gaps(ledger, lines)).toEqual([null, null]);
    const { archives } = ledger.document(file);
    expect(archives.length).toBeGreaterThan(10);
    for (const { number } of archives) {
      expect(readFileSync(`${file}.${number}`, 'latin1').endsWith('x\n')).toBe(true);
      expect(statSync(`${file}.${number}`).mode & 0o777).toBe(0o600);
    }
    expect(statSync(file).blocks * 512).toBeLessThanOrEqual(ROTATION.maxSize * 2);
    const head = readFileSync(file, 'latin1').slice(0, ledger.document(file).start);
    expect(head.replace(/^\0+/, '')).toMatch(/^( *\n)?$/);
    expect(read.length).toBe(2 * lines);
    expect(`${read.join('\n')}\n`).toBe(whole(ledger));
    expect(await readAll(ledger)).toBe(whole(ledger));
    expect(problems).toEqual([]);
  });

  test('archives beyond the number are removed, oldest first, and what would be older is not even copied', async () => {
    const { ledger, cutter } = rig();
    append(1, 10_000);
    await cutter.rotate(file, { ...ROTATION, keep: 2 });
    expect(readdirSync(folder).sort()).toEqual(['app.log', 'app.log.1', 'home']);
    for (const from of [10_001, 13_001]) {
      append(from, from + 2999);
      for (let time = 0; time < 3; time += 1) await cutter.rotate(file, { ...ROTATION, keep: 2 });
      expect(readdirSync(folder).filter((name) => name.startsWith('app.log.')).length).toBeLessThanOrEqual(2);
    }
    const numbers = numbersByInstance(whole(ledger)).get('0') ?? [];
    expect(numbers.at(-1)).toBe(16_000);
    expect(
      firstGap(
        numbers.map((number) => number - (numbers[0] ?? 0) + 1),
        numbers.length,
      ),
    ).toBeNull();
    expect(ledger.oldest(file)).toBe(((numbers[0] ?? 0) - 1) * 100);
  });

  test('compressed archives hold the same lines', async () => {
    const { ledger, cutter } = rig();
    append(1, 10_000);
    await cutter.rotate(file, ROTATION);
    await cutter.compress(file);
    expect(readdirSync(folder).sort()).toEqual(['app.log', 'app.log.1.gz', 'app.log.2.gz', 'app.log.3.gz', 'home']);
    expect(gaps(ledger, 10_000)).toEqual([null]);
    expect(await readAll(ledger)).toBe(whole(ledger));
  });

  test.each([0, 1, 2])(
    'a daemon that dies while it compresses, around write %i, leaves one form of each archive',
    async (deadly) => {
      for (const moment of ['before', 'after'] as const) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        append(1, 10_000);
        const first = rig();
        await first.cutter.rotate(file, ROTATION);
        const dying = rig(new DyingLedger(join(folder, 'home'), { deadly, moment }));
        await expect(dying.cutter.compress(file)).rejects.toBeInstanceOf(Death);
        writeFileSync(`${file}.9.gz.part`, 'half');
        const { ledger, cutter } = rig();
        await cutter.recover();
        expect(gaps(ledger, 10_000)).toEqual([null]);
        await cutter.compress(file);
        expect(readdirSync(folder).sort()).toEqual(['app.log', 'app.log.1.gz', 'app.log.2.gz', 'app.log.3.gz', 'home']);
        expect(await readAll(ledger)).toBe(whole(ledger));
      }
    },
  );

  test('a line longer than a whole file is cut, and is whole for whoever puts it together again', async () => {
    const { ledger, cutter } = rig();
    const text = 'y'.repeat(700_000);
    appendFileSync(file, text);
    await cutter.rotate(file, ROTATION);
    appendFileSync(file, '\n');
    expect(whole(ledger)).toBe(`${text}\n`);
  });

  /** Each write of the document is a point at which a daemon may die: just before it, or just after. */
  test.each([0, 1, 2, 3, 4, 5])(
    'a daemon that dies around write %i leaves a log that the next one completes',
    async (deadly) => {
      for (const moment of ['before', 'after'] as const) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        append(1, 6000);
        const dying = rig(new DyingLedger(join(folder, 'home'), { deadly, moment }));
        await dying.cutter.rotate(file, ROTATION).catch((error: unknown) => expect(error).toBeInstanceOf(Death));
        append(6001, 6500);
        const { ledger, cutter } = rig();
        await cutter.recover();
        expect(gaps(ledger, 6500)).toEqual([null]);
        append(6501, 9000);
        await cutter.rotate(file, ROTATION);
        expect(gaps(ledger, 9000)).toEqual([null]);
        expect(await readAll(ledger)).toBe(whole(ledger));
        expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
      }
    },
  );

  test('a reader sees the same lines at each moment of a rotation', async () => {
    append(1, 6000);
    const watched = new WatchedLedger(join(folder, 'home'), Date.now);
    const { cutter } = rig(watched);
    await cutter.rotate(file, ROTATION);
    expect(watched.seen.length).toBeGreaterThan(3);
    for (const lines of watched.seen)
      expect(lines.map((line) => Number(line.split(' ')[1]))).toEqual(Array.from({ length: 6000 }, (_, i) => i + 1));
  });

  test('positions mean the same before and after: the last lines since a start are those of that start', async () => {
    const { ledger, cutter } = rig();
    append(1, 2000);
    const start = ledger.end(file);
    append(2001, 6000);
    await cutter.rotate(file, ROTATION);
    append(6001, 6003);
    expect(lastLogLines(ledger, file, { count: 5, start }).map((line) => line.split(' ')[1])).toEqual([
      '5999',
      '6000',
      '6001',
      '6002',
      '6003',
    ]);
    expect(lastLogLines(ledger, file, { count: 9999, start })[0]).toMatch(/^0 2001 /);
    expect(ledger.end(file)).toBe(600_300);
  });
});

describe('any log', () => {
  useFolder(tmpdir());

  test('is read alike in both directions, whatever is archived and how', async () => {
    const line = fc
      .string({ maxLength: 3 })
      .chain((text) =>
        fc.integer({ min: 0, max: 40_000 }).map((length) => text.replaceAll('\n', ' ').padEnd(length, 'é')),
      );
    const parts = fc.array(fc.tuple(fc.array(line, { maxLength: 8 }), fc.boolean()), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parts, async (written) => {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, '');
        const { ledger, cutter } = rig();
        const all: string[] = [];
        for (const [lines, compress] of written) {
          appendFileSync(file, lines.map((text) => `${text}\n`).join(''));
          all.push(...lines);
          await cutter.rotate(file, { maxSize: 64 << 10, keep: 100, compress });
          if (compress) await cutter.compress(file);
        }
        const backward: string[] = [];
        const positions: number[] = [];
        for await (const { text, position } of new LogCursor(ledger, file).backward(ledger.end(file))) {
          backward.unshift(text);
          positions.unshift(position);
        }
        expect(backward).toEqual(all);
        expect(await readAll(ledger)).toBe(all.map((text) => `${text}\n`).join(''));
        let position = 0;
        for (const [index, text] of all.entries()) {
          expect(positions[index]).toBe(position);
          position += Buffer.byteLength(text) + 1;
        }
      }),
      { numRuns: 25 },
    );
  });

  test('goes on where it ended when somebody else empties, replaces or removes the file', async () => {
    const { ledger, cutter } = rig();
    append(1, 6000);
    await cutter.rotate(file, ROTATION);
    const read: string[] = [];
    const readOn = logReader(ledger, file, { from: ledger.end(file), onLine: (line) => read.push(line) });
    truncateSync(file);
    readOn();
    appendFileSync(file, 'emptied\n');
    readOn();
    renameSync(file, `${file}.old`);
    writeFileSync(file, 'replaced\n');
    readOn();
    rmSync(file);
    readOn();
    writeFileSync(file, 'removed, and longer than before\n');
    readOn();
    expect(read).toEqual(['emptied', 'replaced', 'removed, and longer than before']);
    expect(ledger.end(file)).toBeGreaterThan(600_000);
    expect(await readAll(new LogLedger(join(folder, 'home'), Date.now))).toContain('removed, and longer');
  });

  test('leaves archives alone that are not its own', async () => {
    const { ledger, cutter } = rig();
    writeFileSync(`${file}.7`, 'of logrotate\n');
    append(1, 6000);
    await cutter.rotate(file, { ...ROTATION, keep: 1 });
    append(6001, 12_000);
    await cutter.rotate(file, { ...ROTATION, keep: 1 });
    expect(readFileSync(`${file}.7`, 'utf8')).toBe('of logrotate\n');
    expect(ledger.document(file).archives.map(({ number }) => number)).toEqual([9]);
    expect(readdirSync(folder).sort()).toEqual(['app.log', 'app.log.7', 'app.log.9', 'home']);
  });

  test('where the system can only empty files, is emptied into its archive, and that is said', async () => {
    const { ledger, cutter } = rig();
    const path = process.env['PATH'];
    append(1, 6000);
    process.env['PATH'] = folder;
    try {
      await cutter.rotate(file, ROTATION);
    } finally {
      process.env['PATH'] = path;
    }
    append(6001, 6010);
    expect(problems).toEqual(['may-lose-lines']);
    expect(statSync(file).size).toBe(1000);
    expect(gaps(ledger, 6010)).toEqual([null]);
    expect(await readAll(ledger)).toBe(whole(ledger));
  });

  test('that is no regular file, or missing, is left alone', async () => {
    const { ledger, cutter } = rig();
    mkdirSync(file);
    await cutter.rotate(file, ROTATION);
    await cutter.rotate('/dev/null', ROTATION);
    await cutter.rotate(join(folder, 'missing.log'), ROTATION);
    expect(ledger.documents()).toEqual([]);
  });
});

describe('the keeper', () => {
  useFolder(tmpdir());

  function keeperOf(rotation: LogRotation | null, options: Partial<LogKeeperOptions> = {}) {
    const { ledger, onProblem } = rig();
    const files = () => [{ path: file, rotation }];
    const freeBytes = () => null;
    const keeper = new LogKeeper({ clock: systemClock, home: folder, freeBytes, ledger, files, onProblem, ...options });
    return { ledger, keeper };
  }

  test('holds a flood within its bounds, and keeps its end', async () => {
    const rotation = { maxSize: 10 << 20, keep: 2, compress: false };
    const { ledger, keeper } = keeperOf(rotation);
    const lines = 600_000;
    const writers = startWriters(1, lines);
    keeper.start();
    const writing = stillWriting(writers);
    await eventually(() => writing.size === 0);
    await eventually(() => atRest(ledger, rotation) && bytesOnDisk() <= 3 * rotation.maxSize + (1 << 16));
    await keeper.stop();
    await endWriters(writers);
    const kept = numbersByInstance(whole(ledger)).get('0') ?? [];
    const first = kept[0] ?? 0;
    expect(kept.at(-1)).toBe(lines);
    expect(
      firstGap(
        kept.map((number) => number - first + 1),
        lines - first + 1,
      ),
    ).toBeNull();
  });

  test('never has more on disk than the cap and one rotation, although the file grows at each step', async () => {
    const rotation = { maxSize: 256 << 10, keep: 3, compress: false };
    let next = 1;
    const used: number[] = [];
    const grow = (): void => {
      append(next, next + 299);
      next += 300;
      used.push(bytesOnDisk());
    };
    const ledger = new GrowingLedger(join(folder, 'home'), grow);
    const { cutter } = rig(ledger);
    for (let round = 0; round < 60; round += 1) {
      grow();
      await cutter.rotate(file, rotation);
    }
    expect(Math.max(...used)).toBeGreaterThan(4 * rotation.maxSize);
    expect(Math.max(...used)).toBeLessThanOrEqual(5 * rotation.maxSize);
    expect(numbersByInstance(whole(ledger)).get('0')?.at(-1)).toBe(next - 1);
  });

  test('gives up older archives while a file grows that has to wait for its rotation', async () => {
    const rotation = { maxSize: 256 << 10, keep: 3, compress: false };
    const { ledger, cutter } = rig();
    for (let round = 0; round < 3; round += 1) {
      append(round * 2700 + 1, (round + 1) * 2700);
      await cutter.rotate(file, rotation);
    }
    const archives: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      append(8101 + round * 2700, 8100 + (round + 1) * 2700);
      await cutter.makeRoom(file, rotation, 0);
      archives.push(ledger.document(file).archives.length);
      expect(bytesOnDisk()).toBeLessThanOrEqual(5 * rotation.maxSize);
    }
    expect(archives).toEqual([3, 2, 1, 0]);
    expect(await readAll(ledger)).toBe(whole(ledger));
  });

  test('rotates a file although others, which are not small enough for long, are rotated again and again', async () => {
    const greedy = ['a', 'b', 'c'].map((name) => join(folder, `${name}.log`));
    const rotation = { ...ROTATION, keep: 1 };
    for (const path of [...greedy, file]) writeFileSync(path, plainLines(8000));
    let lines = 8000;
    let sizesThen: readonly number[] | null = null;
    const ledger = new GrowingLedger(join(folder, 'home'), () => {
      if (ledger.document(file).archives.length > 0) sizesThen ??= greedy.map((path) => heldBy(ledger, path));
      lines = Math.floor(lines * 0.97);
      for (const path of greedy) appendFileSync(path, plainLines(lines));
    });
    const files = () => [...greedy, file].map((path) => ({ path, rotation }));
    const { keeper } = keeperOf(rotation, { ledger, files });
    keeper.start();
    await eventually(() => expect(sizesThen).not.toBeNull());
    await keeper.stop();
    expect(Math.min(...(sizesThen ?? [0]))).toBeGreaterThan(rotation.maxSize);
  });

  test('looks for files as soon as there is an app that may have some', async () => {
    const clock = fakeClock();
    let apps = 0;
    const files = () => (apps === 0 ? [] : [{ path: file, rotation: ROTATION }]);
    const { ledger, keeper } = keeperOf(null, { clock, files });
    keeper.start();
    append(1, 5000);
    apps = 1;
    keeper.appsChanged();
    await eventually(() => expect(ledger.document(file).archives.length).toBeGreaterThan(0));
    await keeper.stop();
  });

  test('looks at a thousand files at once when one of them fills the disk', async () => {
    const clock = fakeClock();
    const rotation = { ...ROTATION, maxSize: 2 << 20 };
    const others = Array.from({ length: 999 }, (_, i) => join(folder, `${i}.log`));
    const files = () => [file, ...others].map((path) => ({ path, rotation }));
    let free = 1 << 30;
    const { ledger, keeper } = keeperOf(rotation, { clock, files, freeBytes: () => free });
    keeper.start();
    append(1, 30_000);
    await clock.advance(1000);
    expect(ledger.document(file).archives).toEqual([]);
    free -= statSync(file).size;
    await clock.advance(250);
    await eventually(() => expect(ledger.document(file).archives.length).toBeGreaterThan(0));
    await keeper.stop();
  });

  test('leaves a file alone that is to be rotated no more, although it grew fast when it was', async () => {
    const clock = fakeClock();
    let rotation: LogRotation | null = ROTATION;
    const { ledger, keeper } = keeperOf(null, { clock, files: () => [{ path: file, rotation }] });
    append(1, 1000);
    keeper.start();
    rotation = null;
    for (const [from, to] of [
      [1001, 2000],
      [2001, 2200],
      [2201, 9000],
    ] as const) {
      append(from, to);
      await clock.advance(50);
    }
    await clock.advance(1000);
    await keeper.stop();
    expect(ledger.document(file).archives).toEqual([]);
  });

  test('flushes a file that is being written to: nothing that comes later is lost, and who follows it has every line', async () => {
    const { ledger, keeper } = keeperOf(ROTATION);
    keeper.start();
    append(1, 9000);
    await eventually(() => expect(ledger.document(file).archives.length).toBeGreaterThan(0));
    const release = ledger.follow(file);
    const read: string[] = [];
    const readOn = logReader(ledger, file, { from: ledger.end(file), onLine: (line) => read.push(line) });
    const writers = startWriters(1, 50_000);
    const writing = stillWriting(writers);
    const reading = setInterval(readOn, 1);
    let flushed = 0;
    while (writing.size > 0) {
      flushed += await keeper.flush(file);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await endWriters(writers);
    append(50_001, 50_010);
    await keeper.stop();
    clearInterval(reading);
    readOn();
    release();
    expect(flushed).toBeGreaterThanOrEqual(900_000);
    expect(firstGap(numbersByInstance(`${read.join('\n')}\n`).get('0') ?? [], 50_000 + 10)).toBeNull();
    const kept = numbersByInstance(whole(ledger)).get('0') ?? [];
    const first = kept[0] ?? 0;
    expect(kept.at(-1)).toBe(50_010);
    expect(kept.map((number) => number - first)).toEqual(kept.map((_, index) => index));
    expect(await readAll(ledger)).toBe(whole(ledger));
  });

  test('compresses archives in its own time, also those that go meanwhile', async () => {
    const { ledger, keeper } = keeperOf({ ...ROTATION, keep: 2, compress: true });
    keeper.start();
    for (let from = 1; from < 60_000; from += 3000) {
      append(from, from + 2999);
      await eventually(() => ledger.document(file).archives.length > 0 && statSync(file).size < ROTATION.maxSize);
    }
    await eventually(() => ledger.document(file).archives.every(({ compressed }) => compressed));
    await keeper.stop();
    await eventually(() => {
      const archives = ledger.document(file).archives.map(({ number }) => `app.log.${number}.gz`);
      expect(readdirSync(folder).sort()).toEqual(['app.log', ...archives, 'home'].sort());
    });
    expect(await readAll(ledger)).toBe(whole(ledger));
    expect(problems).toEqual([]);
  });

  test('compresses nothing in place of what came after a flush', async () => {
    const { ledger, cutter } = rig();
    append(1, 200_000);
    await cutter.rotate(file, { ...ROTATION, maxSize: 16 << 20 });
    const compressed = cutter.compress(file);
    await cutter.discard(file);
    append(200_001, 206_000);
    await cutter.rotate(file, ROTATION);
    await compressed;
    expect(numbersByInstance(whole(ledger)).get('0')?.[0]).toBe(200_001);
    expect(await readAll(ledger)).toBe(whole(ledger));
  });

  test('flushing what was never written is no error', async () => {
    const { keeper } = keeperOf(ROTATION);
    expect(await keeper.flush(join(folder, 'missing.log'))).toBe(0);
  });

  function heldBy(ledger: LogLedger, path: string): number {
    const live = ledger.look(path);
    return live === null ? 0 : live.end - live.start;
  }

  /** Nothing is left to be rotated, and no rotation is under way. */
  function atRest(ledger: LogLedger, { maxSize }: LogRotation): boolean {
    return existsSync(file) && heldBy(ledger, file) <= maxSize && ledger.document(file).cut === null;
  }

  function bytesOnDisk(): number {
    return readdirSync(folder)
      .filter((name) => name.startsWith('app.log'))
      .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0);
  }
});

class Death extends Error {}

/** A ledger whose daemon dies around one of its writes. */
class DyingLedger extends LogLedger {
  readonly #deadly: number;
  readonly #moment: 'before' | 'after';
  #writes = 0;

  constructor(home: string, { deadly, moment }: { readonly deadly: number; readonly moment: 'before' | 'after' }) {
    super(home, Date.now);
    this.#deadly = deadly;
    this.#moment = moment;
  }

  override write(path: string, change: Partial<LogDocument>): void {
    const dies = this.#diesNow();
    if (dies && this.#moment === 'before') throw new Death();
    super.write(path, change);
    if (dies) throw new Death();
  }

  override async writeDurably(path: string, change: Partial<LogDocument>): Promise<void> {
    const dies = this.#diesNow();
    if (dies && this.#moment === 'before') throw new Death();
    await super.writeDurably(path, change);
    if (dies) throw new Death();
  }

  #diesNow(): boolean {
    this.#writes += 1;
    return this.#writes > this.#deadly;
  }
}

/** A ledger whose file grows while things are written down. */
class GrowingLedger extends LogLedger {
  readonly #grow: () => void;

  constructor(home: string, grow: () => void) {
    super(home, Date.now);
    this.#grow = grow;
  }

  override write(path: string, change: Partial<LogDocument>): void {
    this.#grow();
    super.write(path, change);
  }

  override async writeDurably(path: string, change: Partial<LogDocument>): Promise<void> {
    this.#grow();
    await super.writeDurably(path, change);
    this.#grow();
  }
}

/** A ledger at which somebody looks before and after each step. */
class WatchedLedger extends LogLedger {
  readonly seen: (readonly string[])[] = [];

  override write(path: string, change: Partial<LogDocument>): void {
    this.seen.push(lastLogLines(this, path, { count: 9999, start: 0 }));
    super.write(path, change);
    this.seen.push(lastLogLines(this, path, { count: 9999, start: 0 }));
  }

  override async writeDurably(path: string, change: Partial<LogDocument>): Promise<void> {
    this.seen.push(lastLogLines(this, path, { count: 9999, start: 0 }));
    await super.writeDurably(path, change);
    this.seen.push(lastLogLines(this, path, { count: 9999, start: 0 }));
  }
}
