import { rm, symlink } from 'node:fs/promises';
import { describe, expect, test } from '../support/eco-test.ts';
import type { EcoRig } from '../support/eco-rig.ts';

const sleeper = (name: string, seconds = 1000) => ({
  name,
  script: 'sleep',
  args: [String(seconds)],
  interpreter: 'none',
});

describe.concurrent('a project', () => {
  test('lives beside another that has an app of the same name', async ({ eco }) => {
    await eco.write({
      'shop/ecosystem.json': { project: 'shop', apps: [sleeper('web'), sleeper('mailer')] },
      'blog/ecosystem.json': { project: 'blog', apps: [sleeper('web')] },
    });
    await eco.ok(['apply'], { in: 'shop' });
    await eco.ok(['apply'], { in: 'blog' });
    const [shop, mailer, blog] = [await eco.pid('web', 'shop'), await eco.pid('mailer'), await eco.pid('web', 'blog')];
    expect(new Set([shop, mailer, blog]).size).toBe(3);

    await eco.write({ 'blog/ecosystem.json': { project: 'blog', apps: [sleeper('web', 1001)] } });
    const plan = await eco.ok(['plan'], { in: 'blog' });
    expect(plan.stdout).not.toContain('shop');
    expect(plan.stdout).not.toContain('mailer');
    expect((await eco.ok(['plan'], { in: 'shop' })).stdout).toContain('No changes: 2 apps match ecosystem.json.');
    await eco.ok(['apply'], { in: 'blog' });
    expect(await eco.pid('web', 'blog')).not.toBe(blog);

    await eco.ok(['down'], { in: 'blog' });
    expect((await eco.list()).map(({ project, name }) => `${project}/${name}`)).toEqual(['shop/mailer', 'shop/web']);
    expect([await eco.pid('web', 'shop'), await eco.pid('mailer')]).toEqual([shop, mailer]);
  });

  test('from another folder, without git, is refused unless ownership is taken', async ({ eco }) => {
    await eco.write({
      'mine/ecosystem.json': { project: 'shop', apps: [sleeper('web')] },
      'theirs/ecosystem.json': { project: 'shop', apps: [sleeper('web', 1001), sleeper('more')] },
    });
    await eco.ok(['apply'], { in: 'mine' });
    const web = await eco.pid('web');

    const refused = await eco.run(['apply'], { in: 'theirs' });
    expect(refused.exitCode).toBe(7);
    expect(refused.all).toContain(eco.path('mine'));
    expect(refused.all).toContain('--take-ownership');
    expect((await eco.run(['down', '--yes'], { in: 'theirs' })).exitCode).toBe(7);
    expect((await eco.list()).map(({ name }) => name)).toEqual(['web']);
    expect(await eco.pid('web')).toBe(web);

    await eco.ok(['apply', '--take-ownership'], { in: 'theirs' });
    expect((await eco.list()).map(({ name }) => name)).toEqual(['more', 'web']);
    expect(await eco.pid('web')).not.toBe(web);
    expect((await eco.run(['apply'], { in: 'mine' })).exitCode).toBe(7);
    expect((await eco.ok(['apply'], { in: 'theirs' })).stdout).toContain('No changes');
  });

  test('from a repository with another remote is refused unless ownership is taken', async ({ eco }) => {
    await repository(eco, 'mine', { remote: 'https://example.com/shop.git' });
    await repository(eco, 'fork', { remote: 'https://example.com/fork-of-shop.git' });
    await eco.ok(['apply'], { in: 'mine' });
    const web = await eco.pid('web');

    const refused = await eco.run(['apply'], { in: 'fork' });
    expect(refused.exitCode).toBe(7);
    expect(refused.all).toContain('https://example.com/shop.git');
    expect(await eco.pid('web')).toBe(web);
    await eco.ok(['apply', '--take-ownership'], { in: 'fork' });
    expect((await eco.run(['apply'], { in: 'mine' })).exitCode).toBe(7);
  });

  test('in another release folder of the same repository, behind a `current` link, is the same project', async ({
    eco,
  }) => {
    await repository(eco, 'releases/1', { remote: 'https://example.com/shop.git' });
    await repository(eco, 'releases/2', { remote: 'https://token:secret@example.com/shop.git' });
    await eco.edit('releases/2/web/server.js', 'version = 1', 'version = 2');
    const port = await eco.port();
    for (const release of ['releases/1', 'releases/2'])
      await eco.edit(`${release}/ecosystem.json`, '"PORT": 0', `"PORT": ${port}`);
    await point(eco, 'current', 'releases/1');
    const file = eco.path('current', 'ecosystem.json');
    await eco.apply('-f', file);
    expect((await eco.get(port)).body).toMatchObject({ version: 1 });

    await point(eco, 'current', 'releases/2');
    await eco.apply('-f', file);
    expect((await eco.get(port)).body).toMatchObject({ version: 2 });
    expect((await eco.list()).map(({ name, revision }) => ({ name, revision }))).toEqual([
      { name: 'web', revision: 2 },
    ]);
    expect((await eco.apply('-f', file)).stdout).toContain('No changes');
  });

  test('whose file has no apps any more is refused unless that is allowed', async ({ eco }) => {
    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [sleeper('web')] } });
    await eco.apply();
    const web = await eco.pid('web');

    await eco.write({ 'ecosystem.json': { project: 'shop', apps: [] } });
    const refused = await eco.run(['apply']);
    expect(refused.exitCode).toBe(7);
    expect(refused.all).toContain('--allow-empty');
    expect(await eco.pid('web')).toBe(web);

    await eco.apply('--allow-empty');
    expect(await eco.list()).toEqual([]);
  });
});

async function repository(eco: EcoRig, folder: string, { remote }: { readonly remote: string }): Promise<void> {
  await eco.copyFixture('apps/http', `${folder}/web`);
  const web = { name: 'web', cwd: 'web', script: 'server.js', env: { PORT: 0 } };
  await eco.write({ [`${folder}/ecosystem.json`]: { project: 'shop', apps: [web] } });
  await eco.git(['init', '--quiet'], folder);
  await eco.git(['remote', 'add', 'origin', remote], folder);
  await eco.git(['add', '--all'], folder);
  await eco.git(['commit', '--quiet', '--message', 'a shop'], folder);
}

async function point(eco: EcoRig, link: string, target: string): Promise<void> {
  await rm(eco.path(link), { force: true });
  await symlink(eco.path(target), eco.path(link));
}
