import { describe, expect, test } from 'vitest';
import { Locks, type HolderFate } from '../../src/daemon/locks.ts';
import type { ProjectLock } from '../../src/domain/lock.ts';
import type { LockMessage } from '../../src/protocol/control.ts';

const HOLDER = {
  user: 'alice',
  host: 'box',
  pid: 42,
  command: 'eco apply',
  job: null,
  startTime: '7',
  space: 'boot ns',
};

function setUp(known: readonly ProjectLock[] = []) {
  const world = { now: 0, fate: 'alive' as HolderFate, saved: [] as string[] };
  const locks = new Locks(known, {
    save: ({ id }) => world.saved.push(id),
    remove: (project) => world.saved.push(`-${project}`),
    fate: () => world.fate,
    clock: { now: () => world.now, wallTime: () => 1000 },
  });
  const take = (id: string, message: string | null = null) =>
    locks.take({ id, project: 'shop', holder: HOLDER, message });
  const hold = (id: string) => {
    const taken = take(id);
    if (!taken.ok) throw new Error(taken.error.reason);
    const gone = new AbortController();
    const sent: LockMessage['type'][] = [];
    const over = locks.hold(taken.value, { send: ({ type }) => sent.push(type), signal: gone.signal });
    return { sent, over, end: () => gone.abort() };
  };
  return { world, locks, take, hold };
}

const left = (id: string, message: string | null = null): ProjectLock => {
  return { id, project: 'shop', holder: HOLDER, since: 1, message };
};

describe('a lock', () => {
  test('is refused to others until the connection of its holder ends', async () => {
    const { world, locks, take, hold } = setUp();
    const holding = hold('one');
    expect(take('two')).toEqual({ ok: false, error: { reason: 'lock-held', lock: { ...left('one'), since: 1000 } } });
    expect(locks.refusal('shop', undefined)?.reason).toBe('lock-held');
    expect(locks.refusal('shop', 'one')).toBeNull();
    expect(locks.refusal('blog', undefined)).toBeNull();
    holding.end();
    await holding.over;
    expect(locks.refusal('shop', undefined)).toBeNull();
    expect(take('two').ok).toBe(true);
    expect(world.saved).toEqual(['one', '-shop', 'two']);
  });

  test('of a dead process is free at once, before the end of its connection is heard of', async () => {
    const { world, locks, take, hold } = setUp();
    const holding = hold('one');
    world.fate = 'dead';
    expect(take('two').ok).toBe(true);
    holding.end();
    await holding.over;
    world.fate = 'alive';
    expect(locks.refusal('shop', 'two')).toBeNull();
    expect(locks.refusal('shop', 'one')?.reason).toBe('lock-held');
  });

  test('that an earlier daemon granted stays while its process lives, with or without a connection', async () => {
    const { world, locks, take, hold } = setUp([left('one')]);
    world.now = 3_600_000;
    expect(take('two').ok).toBe(false);
    expect(locks.refusal('shop', 'one')).toBeNull();
    const holding = hold('one');
    expect(holding.sent).toEqual(['granted']);
    holding.end();
    await holding.over;
    expect(take('two').ok).toBe(true);
  });

  test('of a process that nobody here can look for is kept for as long as it may take to come back', () => {
    const { world, take } = setUp([left('one')]);
    world.fate = 'unknown';
    world.now = 14_000;
    expect(take('two').ok).toBe(false);
    world.now = 16_000;
    expect(take('two').ok).toBe(true);
  });

  test('of such a process stays for as long as its connection does', () => {
    const { world, take, hold } = setUp();
    world.fate = 'unknown';
    hold('one');
    world.now = 3_600_000;
    expect(take('two').ok).toBe(false);
  });

  test('goes by the latest connection: the end of an earlier one means nothing', async () => {
    const { take, hold } = setUp();
    const earlier = hold('one');
    const later = hold('one');
    earlier.end();
    await earlier.over;
    expect(take('two').ok).toBe(false);
    later.end();
    await later.over;
    expect(take('two').ok).toBe(true);
  });

  test('that is taken away is told to its holder, whose next step is refused', async () => {
    const { locks, hold } = setUp();
    const holding = hold('one');
    expect(locks.unlock('none')).toEqual({ ok: false, error: { reason: 'no-such-lock', id: 'none' } });
    expect(locks.unlock('one').ok).toBe(true);
    await holding.over;
    expect(holding.sent).toEqual(['granted', 'lost']);
    expect(locks.refusal('shop', 'one')).toEqual({ reason: 'lock-lost', project: 'shop', id: 'one' });
    expect(locks.refusal('shop', undefined)).toBeNull();
  });

  test('by hand needs no process and no connection', async () => {
    const { world, locks, take } = setUp([left('mine', 'moving house')]);
    world.fate = 'dead';
    world.now = 3_600_000;
    expect(take('two').ok).toBe(false);
    expect(locks.unlock('mine').ok).toBe(true);
    expect(take('two', 'why').ok).toBe(true);
  });

  test('outlives the daemon, whichever way its connections end', async () => {
    const { world, locks, hold } = setUp();
    const holding = hold('one');
    locks.close();
    await holding.over;
    holding.end();
    expect(world.saved).toEqual(['one']);
  });

  test('whose connection ended before it was granted is no lock', async () => {
    const { locks, take } = setUp();
    const taken = take('one');
    if (!taken.ok) throw new Error(taken.error.reason);
    await locks.hold(taken.value, { send: () => {}, signal: AbortSignal.abort() });
    expect(take('two').ok).toBe(true);
  });
});
