import { expect, test } from 'vitest';
import { resolveTargets, type TargetOptions } from '../../src/cli/targets.ts';
import { app, observedApps } from './cli-fake-context.ts';

const observed = observedApps([
  app('api', { spec: { instances: 2 } }),
  app('queue-mail', { spec: { namespace: 'jobs' } }),
  app('queue-video', { spec: { namespace: 'jobs' } }),
  app('api', { project: 'blog' }),
  app('a.b', { project: 'blog' }),
]);

function resolve(words: readonly string[], options: Partial<TargetOptions> = {}): unknown {
  const result = resolveTargets(words, observed, { project: null, instances: 'allowed', ...options });
  if (!result.ok) return result.error;
  return result.value.map((target) => {
    const instance = target.instance === null ? '' : `:${target.instance}`;
    return `${target.app.project}/${target.app.name}${instance}`;
  });
}

test.each([
  ['a name', ['queue-mail'], ['shop/queue-mail']],
  ['an instance', ['queue-mail:0'], ['shop/queue-mail:0']],
  ['a namespace', ['jobs'], ['shop/queue-mail', 'shop/queue-video']],
  ['a pattern', ['queue-*'], ['shop/queue-mail', 'shop/queue-video']],
  ['a pattern across projects', ['*i'], ['blog/api', 'shop/api']],
  ['a dot in a name is no pattern', ['a.b'], ['blog/a.b']],
  ['all', ['all'], ['blog/a.b', 'blog/api', 'shop/api', 'shop/queue-mail', 'shop/queue-video']],
  ['several words, each app once', ['jobs', 'queue-mail', 'queue-*'], ['shop/queue-mail', 'shop/queue-video']],
  ['an app makes its instances redundant', ['queue-mail:0', 'queue-mail'], ['shop/queue-mail']],
])('%s', (_, words, expected) => {
  expect(resolve(words)).toEqual(expected);
});

test('a project narrows every kind of target', () => {
  expect(resolve(['api:1'], { project: 'shop' })).toEqual(['shop/api:1']);
  expect(resolve(['all'], { project: 'blog' })).toEqual(['blog/a.b', 'blog/api']);
  expect(resolve(['queue-*'], { project: 'blog' })).toMatchObject({ reason: 'no-such-app' });
});

test('a name in several projects is ambiguous, with and without an instance', () => {
  const ambiguous = { reason: 'ambiguous-target', target: 'api', projects: ['blog', 'shop'] };
  expect(resolve(['api'])).toEqual(ambiguous);
  expect(resolve(['api:0'])).toEqual(ambiguous);
});

test('an instance that only one of the apps has tells them apart', () => {
  expect(resolve(['api:1'])).toEqual(['shop/api:1']);
});

test.each([
  ['queue-mial', 'queue-mail'],
  ['jbos', 'jobs'],
  ['nothing-like-it', null],
  ['queue-mail:7', 'queue-mail'],
  ['*x*', null],
])('%s is not there; did you mean %s?', (word, didYouMean) => {
  expect(resolve([word])).toEqual({ reason: 'no-such-app', target: word, didYouMean });
});

test('where single instances mean nothing, the app is suggested', () => {
  expect(resolve(['queue-mail:0'], { instances: 'refused' })).toEqual({
    reason: 'no-such-app',
    target: 'queue-mail:0',
    didYouMean: 'queue-mail',
  });
});

test('a misspelt project is told with the one that was meant', () => {
  expect(resolve(['api'], { project: 'shpo' })).toEqual({
    reason: 'no-such-app',
    target: 'shpo/api',
    didYouMean: 'shop/api',
  });
});

test('an app that is called like a pattern, a namespace or all is meant itself', () => {
  const odd = observedApps([app('all'), app('queue-*'), app('jobs'), app('other', { spec: { namespace: 'jobs' } })]);
  const names = (word: string) => {
    const result = resolveTargets([word], odd, { project: null, instances: 'refused' });
    return result.ok ? result.value.map((target) => target.app.name) : result.error;
  };
  expect(names('all')).toEqual(['all']);
  expect(names('queue-*')).toEqual(['queue-*']);
  expect(names('jobs')).toEqual(['jobs']);
});
