import { describe, expect, test } from 'vitest';
import { dueAt, withChange, type ChangeBatch } from '../../src/supervise/change-batch.ts';
import { IgnoredPaths } from '../../src/supervise/ignored-paths.ts';
import { withRestart, type RecentRestarts } from '../../src/supervise/restart-brake.ts';
import {
  codeFolders,
  isWorthWatching,
  judgeGone,
  judgePath,
  type RootRule,
  type WatchScope,
} from '../../src/supervise/watched-paths.ts';
import { appSpec } from '../support/states.ts';

function scope(rule: RootRule, fields: Partial<WatchScope> = {}): WatchScope {
  return { app: 'web', roots: [{ path: '/srv/shop', rule }], isIgnored: () => false, ...fields };
}

describe('which files concern an app', () => {
  test.each([
    ['/srv/shop/server.js', 'ask-git', 'ask-git', 'counts'],
    ['/srv/shop/src/db.ts', 'ask-git', 'ask-git', 'counts'],
    ['/srv/shop/src/logo.png', 'ask-git', 'does-not-count', 'counts'],
    ['/srv/shop/Makefile', 'ask-git', 'does-not-count', 'counts'],
    ['/srv/shop/node_modules/x/index.js', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/.git/index', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/logs/out.log', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/data/shop.sqlite-wal', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/README.md', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/.cache/x.js', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/.babelrc', 'ask-git', 'does-not-count', 'counts'],
    ['/srv/shop/.server.js.swp', 'does-not-count', 'does-not-count', 'does-not-count'],
    ['/srv/shop/server.js~', 'ask-git', 'does-not-count', 'does-not-count'],
    ['/srv/shop-2/server.js', 'does-not-count', 'does-not-count', 'does-not-count'],
  ])('%s', (path, inGit, asCode, asAll) => {
    const verdicts = (['git', 'code', 'all'] as const).map((rule) => judgePath(scope(rule), path));
    expect(verdicts).toEqual([inGit, asCode, asAll]);
  });

  test('what ignore_watch names never does', () => {
    const ignoring = scope('all', { isIgnored: (path) => path.endsWith('.test.js') });
    expect(judgePath(ignoring, '/srv/shop/a.test.js')).toBe('does-not-count');
    expect(judgePath(ignoring, '/srv/shop/a.js')).toBe('counts');
  });

  test('the innermost root decides: a build output within what git sees', () => {
    const built = scope('git', {
      roots: [
        { path: '/srv/shop', rule: 'git' },
        { path: '/srv/shop/dist', rule: 'all' },
      ],
    });
    expect(judgePath(built, '/srv/shop/dist/server.js')).toBe('counts');
    expect(judgePath(built, '/srv/shop/src/server.ts')).toBe('ask-git');
  });

  test('a file that is gone was code if it was called so', () => {
    expect(judgeGone(scope('git'), '/srv/shop/src/old.js')).toBe('ask-git');
    expect(judgeGone(scope('all'), '/srv/shop/src/4913')).toBe('does-not-count');
    expect(judgeGone(scope('git'), '/srv/shop/src/sed0Xyz')).toBe('does-not-count');
  });

  test('a file alone', () => {
    const alone = scope('all', { roots: [{ path: '/srv/shop/config.json', rule: 'all' }] });
    expect(judgePath(alone, '/srv/shop/config.json')).toBe('counts');
    expect(judgePath(alone, '/srv/shop/server.js')).toBe('does-not-count');
    expect(isWorthWatching([alone], '/srv/shop/src', new Set())).toBe(false);
  });

  test('folders that nobody need look into', () => {
    const ignored = new Set(['/srv/shop/dist', '/srv/shop/coverage']);
    const worth = (rule: RootRule, folder: string) => isWorthWatching([scope(rule)], folder, ignored);
    expect(worth('git', '/srv/shop/src')).toBe(true);
    expect(worth('git', '/srv/shop/dist')).toBe(false);
    expect(worth('git', '/srv/shop/node_modules')).toBe(false);
    expect(worth('all', '/srv/shop/packages/a/node_modules')).toBe(false);
    expect(worth('code', '/srv/shop/.cache')).toBe(false);
    expect(worth('all', '/srv/shop/.config')).toBe(false);
    expect(worth('all', '/srv/shop/assets')).toBe(true);
    expect(worth('git', '/srv/shop')).toBe(true);
  });

  test('where the code is, if the file does not say', () => {
    const folders = (fields: Partial<Parameters<typeof codeFolders>[0]>) =>
      codeFolders({ ...appSpec({ name: 'web' }), ...fields });
    expect(folders({})).toEqual(['/srv/shop']);
    expect(folders({ script: '/srv/tools/run.js' })).toEqual(['/srv/shop', '/srv/tools']);
    expect(folders({ script: '/srv/shop/node_modules/.bin/vite' })).toEqual(['/srv/shop']);
    expect(folders({ script: 'redis-server', interpreter: { type: 'none' } })).toEqual([]);
    expect(folders({ script: 'npm', interpreter: { type: 'none' } })).toEqual(['/srv/shop']);
    expect(folders({ script: '/usr/bin/redis-server', interpreter: { type: 'none' } })).toEqual(['/srv/shop']);
  });
});

describe('when changes are answered', () => {
  const changesAt = (...times: readonly number[]) =>
    times.reduce<ChangeBatch | null>((batch, at) => withChange(batch, `/f${at}`, at), null) ?? expect.fail('none');

  test('once they have come to rest', () => {
    expect(dueAt(changesAt(0), { rest: 200 })).toBe(200);
    expect(dueAt(changesAt(0, 150, 300), { rest: 200 })).toBe(500);
    expect([...changesAt(0, 150, 0).paths]).toEqual(['/f0', '/f150']);
  });

  test('after 10 s at most', () => {
    const everlasting = Array.from({ length: 200 }, (_, index) => index * 100);
    expect(dueAt(changesAt(...everlasting), { rest: 200 })).toBe(10_000);
    expect(dueAt(changesAt(0, 5000), { rest: 15_000 })).toBe(15_000);
  });
});

describe('the brake', () => {
  const restartsAt = (times: readonly number[]) =>
    times.reduce<RecentRestarts | null>((recent, at) => (recent === null ? null : withRestart(recent, at)), []);

  test('is pulled by the eleventh restart within a minute', () => {
    const ten = Array.from({ length: 10 }, (_, index) => index * 1000);
    expect(restartsAt(ten)).toHaveLength(10);
    expect(restartsAt([...ten, 59_999])).toBe(null);
    expect(restartsAt([...ten, 60_000])).toHaveLength(10);
  });
});

describe('what git ignores', () => {
  test('is asked once for each path, together, and anew after forget', async () => {
    const asked: (readonly string[])[] = [];
    const ignored = new IgnoredPaths((_, paths) => {
      asked.push(paths);
      return Promise.resolve(new Set(paths.filter((path) => path.endsWith('.out'))));
    });
    const here = (name: string) => `${import.meta.dirname}/${name}`;
    const answers = Promise.all([ignored.has(here('a.js')), ignored.has(here('b.out')), ignored.has(here('a.js'))]);
    expect(await answers).toEqual([false, true, false]);
    expect(asked).toEqual([[here('a.js'), here('b.out')]]);
    await ignored.has(here('a.js'));
    expect(asked).toHaveLength(1);
    ignored.forget();
    expect(await ignored.has(here('a.js'))).toBe(false);
    expect(asked).toHaveLength(2);
  });
});
