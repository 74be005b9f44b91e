import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BootFacts } from './boot-facts.ts';
import { launchdJob } from './launchd-job.ts';
import { systemdUnit } from './systemd-unit.ts';

/** One thing to do; all of them may be done twice. */
export type BootStep =
  | { readonly type: 'write'; readonly path: string; readonly text: string }
  | { readonly type: 'remove'; readonly path: string }
  | {
      readonly type: 'run';
      readonly words: readonly string[];
      /** It fails where there is nothing to do. */
      readonly mayFail?: true;
    };

export interface BootService {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  /** Succeeds where there is such a service manager. */
  readonly probe: readonly string[];
  readonly startup: readonly BootStep[];
  /** The same where the file is there already, as it should be. */
  readonly startupAgain: readonly BootStep[];
  readonly unstartup: readonly BootStep[];
}

export function bootService(facts: BootFacts): BootService {
  return facts.system === 'systemd' ? systemdService(facts) : launchdService(facts);
}

function systemdService(facts: BootFacts): BootService {
  const name = `${baseName('eco', facts)}.service`;
  const ofUser = facts.scope === 'user';
  const folder = ofUser ? join(facts.configFolder, 'systemd', 'user') : '/etc/systemd/system';
  const path = join(folder, name);
  const text = systemdUnit({ name, ...facts });
  const systemctl = (...words: readonly string[]): BootStep => ({
    type: 'run',
    words: ['systemctl', ...(ofUser ? ['--user'] : []), ...words],
  });
  // Otherwise the user's service manager starts at the first login, and ends with the last session.
  const linger: readonly BootStep[] = ofUser ? [{ type: 'run', words: ['loginctl', 'enable-linger', facts.user] }] : [];
  return {
    name,
    path,
    text,
    probe: ['systemctl', '--version'],
    startup: [
      { type: 'write', path, text },
      systemctl('daemon-reload'),
      systemctl('enable', name),
      systemctl('restart', name),
      ...linger,
    ],
    startupAgain: [systemctl('enable', name), systemctl('start', name), ...linger],
    unstartup: [systemctl('disable', '--now', name), { type: 'remove', path }, systemctl('daemon-reload')],
  };
}

function launchdService(facts: BootFacts): BootService {
  const name = baseName('eco-runner', facts);
  const ofUser = facts.scope === 'user';
  const folder = ofUser ? join(facts.userHome, 'Library', 'LaunchAgents') : '/Library/LaunchDaemons';
  const path = join(folder, `${name}.plist`);
  const text = launchdJob({ name, ...facts });
  const domain = ofUser ? `gui/${facts.uid}` : 'system';
  const launchctl = (...words: readonly string[]): BootStep => ({ type: 'run', words: ['launchctl', ...words] });
  const ifAny = (...words: readonly string[]): BootStep => ({
    type: 'run',
    words: ['launchctl', ...words],
    mayFail: true,
  });
  const known = launchctl('print', `${domain}/${name}`);
  const start = [launchctl('enable', `${domain}/${name}`), ifAny('bootstrap', domain, path), known];
  return {
    name,
    path,
    text,
    probe: ['launchctl', 'version'],
    startup: [{ type: 'write', path, text }, ifAny('bootout', `${domain}/${name}`), ...start],
    startupAgain: start,
    unstartup: [ifAny('bootout', `${domain}/${name}`), { type: 'remove', path }],
  };
}

/** One service for each user and home: that of another than `~/.eco` is told apart by a digest of its path. */
function baseName(base: string, { scope, user, userHome, ecoHome }: BootFacts): string {
  const whose = scope === 'machine' && user !== 'root' ? [user] : [];
  const which = ecoHome === join(userHome, '.eco') ? [] : [digest(ecoHome)];
  return [base, ...whose, ...which].join('-');
}

function digest(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 8);
}
