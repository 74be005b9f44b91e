import { expect, test } from 'vitest';
import { formatFailure } from '../../src/cli/render/failure-text.ts';
import type { CopyProblem, HostProblem } from '../../src/domain/failure.ts';
import type { Host } from '../../src/domain/host.ts';

const host: Host = { user: 'deploy', name: 'web1', port: 2222, folder: '/srv/a shop', command: null };

test.each<[because: HostProblem, headline: string, advice: string]>([
  [{ type: 'no-ssh', program: 'ssh' }, 'there is no ssh here', 'apt install openssh-client'],
  [
    { type: 'ssh', output: ['No ED25519 host key is known for web1'] },
    'does not know its key',
    '-p 2222 deploy@web1 true',
  ],
  [
    { type: 'ssh', output: ['ssh: connect to host web1 port 22: Connection timed out'] },
    'it cannot be reached',
    'true',
  ],
  [{ type: 'ssh', output: ['what is this'] }, 'ssh does not get there (what is this)', 'true'],
  [
    { type: 'no-eco', command: 'eco', output: [] },
    'does not find eco',
    "'npm install -g eco-runner@1.2.3 && eco daemon upgrade'",
  ],
  [
    { type: 'no-greeting', command: 'eco', output: ["error: unknown command 'dial-stdio'"] },
    'no eco that can be asked',
    'it says: error: unknown',
  ],
  [
    { type: 'other-version', found: { version: '1.0.0', node: 'v20.0.0' } },
    'eco there is 1.0.0, this is 1.2.3',
    'eco-runner@1.2.3',
  ],
])('%j is told with what mends it', (because, headline, advice) => {
  const text = formatFailure({ reason: 'host-unreachable', host, because, version: '1.2.3' });
  expect(text).toContain('ssh://deploy@web1:2222/srv/a%20shop: ');
  expect(text).toContain(headline);
  expect(text).toContain(advice);
  expect(text).toContain('nothing was changed');
});

test.each<[because: CopyProblem, headline: string, advice: string]>([
  [{ type: 'no-folder' }, 'not said into which folder', '--remote-cwd /srv/shop'],
  [{ type: 'too-much', folder: '/' }, '/ is no folder for one project alone', 'ssh://deploy@web1:2222/srv/shop'],
  [
    { type: 'not-ours', folder: '/srv/a shop', mark: '.eco-synced' },
    'holds files that were not copied into it',
    `ssh -p 2222 deploy@web1 touch ''\\''/srv/a shop/.eco-synced'\\'''`,
  ],
  [{ type: 'not-made', folder: '/srv/x', problem: 'EACCES' }, '/srv/x there cannot be used: EACCES', 'Mend it there'],
  [{ type: 'no-rsync-here' }, 'there is no rsync here', 'apt install rsync'],
  [{ type: 'no-rsync-there' }, 'there is no rsync there', 'ssh -p 2222 deploy@web1 sudo apt install rsync'],
  [{ type: 'rsync', exitCode: 11, output: ['No space left on device'] }, 'rsync ended with 11', 'rsync: No space left'],
])('%j copies nothing, and says why', (because, headline, advice) => {
  const text = formatFailure({ reason: 'host-not-copied', host, from: '/home/me/shop', because });
  expect(text).toContain('/home/me/shop was not copied to ssh://deploy@web1:2222/srv/a%20shop: ');
  expect(text).toContain(headline);
  expect(text).toContain(advice);
});
