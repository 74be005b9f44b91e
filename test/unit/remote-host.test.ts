import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutHost } from '../../src/cli/remote/go-there.ts';
import { ecoCommand, sshCommand } from '../../src/client/ssh-words.ts';
import { formatHost, parseHost, type Host } from '../../src/domain/host.ts';

const host: Host = { user: null, name: 'box', port: null, folder: null, command: null };

test.each([
  ['ssh://box', host],
  ['ssh://box/', host],
  ['ssh://deploy@web-1.example.com:2222', { ...host, user: 'deploy', name: 'web-1.example.com', port: 2222 }],
  ['ssh://deploy@box/srv/shop/', { ...host, user: 'deploy', folder: '/srv/shop' }],
  ['ssh://box/~/shop', { ...host, folder: '~/shop' }],
  ['ssh://box/srv/a%20b', { ...host, folder: '/srv/a b' }],
  ['ssh://[::1]:22', { ...host, name: '::1', port: 22 }],
  ['ssh://me%40corp@box', { ...host, user: 'me@corp' }],
  ['ssh://box?eco=~/bin/eco', { ...host, command: '~/bin/eco' }],
  ['ssh://box/srv?eco=npx%20--yes%20eco-runner', { ...host, folder: '/srv', command: 'npx --yes eco-runner' }],
])('%s is a host', (text, expected) => {
  expect(parseHost(text)).toEqual({ ok: true, value: expected });
});

test.each([
  ['', 'no-url'],
  ['web', 'no-url'],
  ['deploy@web', 'no-url'],
  ['http://web', 'no-url'],
  ['ssh://web#x', 'no-url'],
  ['ssh://', 'name'],
  ['ssh://me:secret@web', 'password'],
  ['ssh://-oProxyCommand=touch%20x', 'name'],
  ['ssh://-oProxyCommand=x@web', 'user'],
  ['ssh://$(id)@web', 'user'],
  ['ssh://a b@web', 'user'],
  ['ssh://web;id', 'name'],
  ['ssh://web:0', 'port'],
  ['ssh://web:99999', 'port'],
  ['ssh://web:x', 'port'],
  ['ssh://web?node=x', 'query'],
  ['ssh://web?eco=a&eco=b', 'query'],
  ['ssh://w%zzb', 'encoding'],
])('%s is no host: %s', (text, mistake) => {
  expect(parseHost(text)).toEqual({ ok: false, error: mistake });
});

test('a host that is written out is the same host', () => {
  const user = fc.option(fc.stringMatching(/^[A-Za-z0-9_.][\w.@+=-]{0,8}$/));
  const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_][\w.-]{0,12}$/), fc.constant('fe80::1%eth0'));
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }));
  const folder = fc.option(
    fc
      .tuple(
        fc.constantFrom('/', '~/'),
        fc.array(
          fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !name.includes('/')),
          { minLength: 1, maxLength: 3 },
        ),
      )
      .map(([top, names]) => `${top}${names.join('/')}`)
      .filter((path) => !path.startsWith('/~')),
  );
  fc.assert(
    fc.property(fc.record({ user, name, port, folder }), (parts) => {
      const written = { ...parts, command: null };
      expect(parseHost(formatHost(written))).toEqual({ ok: true, value: written });
    }),
  );
});

test('whatever is in a word, the shell there gives it to eco as it is', () => {
  const words = fc.array(
    fc.string({ unit: 'binary' }).filter((word) => !word.includes('\0')),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(words, (args) => {
      const command = `sh -c 'for word; do printf "%s\\0" "$word"; done' sh`;
      const line = ecoCommand({ ...host, command }, args);
      expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).toBe(args.map((word) => `${word}\0`).join(''));
    }),
    { numRuns: 10, examples: [[['$(id)', '`id`', "it's", '"', '\\', '\n', '-x', '*', '~', '']]] },
  );
});

test('the folder there is one word, but for a tilde at its beginning', () => {
  const lines = ['/srv/$(id) x', '~/a b', '~', '-x'].map((folder) => ecoCommand({ ...host, folder }, ['doctor']));
  expect(lines).toEqual([
    "cd '/srv/$(id) x' && eco doctor",
    "cd ~/'a b' && eco doctor",
    'cd ~ && eco doctor',
    'cd ./-x && eco doctor',
  ]);
});

test('ssh is told who, where and how; nothing that is typed becomes an option of it', () => {
  const options = { ssh: ['ssh', '-F', 'ci'], interactive: false, shared: null };
  expect(sshCommand({ ...host, user: 'me', port: 2222 }, 'eco dial-stdio', options)).toEqual(
    'ssh -F ci -o ConnectTimeout=20 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o BatchMode=yes -T -p 2222 -l me -- box'
      .split(' ')
      .concat('eco dial-stdio'),
  );
  expect(sshCommand(host, 'x', { ...options, interactive: true, terminal: true })).not.toContain('BatchMode=yes');
});

test('what is passed on does not name the host any more; what is for the program stays', () => {
  const words = ['start', 'a.js', '--host', 'ssh://x', '-i', '2', '--remote-cwd=/srv', '--', '--host', '0.0.0.0'];
  expect(withoutHost(words)).toEqual(['start', 'a.js', '-i', '2', '--', '--host', '0.0.0.0']);
});
