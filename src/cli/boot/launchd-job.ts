import { join } from 'node:path';
import { MARK, type BootFacts } from './boot-facts.ts';

/**
 * `AbandonProcessGroup`: the end of the daemon ends no app. `KeepAlive`: nor does it stay away.
 * https://developer.apple.com/library/archive/documentation/MacOSX/Conceptual/BPSystemStartup/Chapters/CreatingLaunchdJobs.html
 */
export function launchdJob(facts: BootFacts & { readonly name: string }): string {
  const { name, scope, user, userHome, ecoHome, command, environment } = facts;
  const variables = { ...environment, HOME: userHome, ECO_HOME: ecoHome, ECO_SERVICE: name };
  const job: Job = {
    Label: name,
    ...(scope === 'machine' ? { UserName: user } : {}),
    ProgramArguments: command,
    EnvironmentVariables: variables,
    WorkingDirectory: '/',
    StandardErrorPath: join(ecoHome, 'daemon.log'),
    RunAtLoad: true,
    KeepAlive: true,
    AbandonProcessGroup: true,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<!-- ${MARK} -->`,
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<plist version="1.0">${element(job)}</plist>\n`,
  ].join('\n');
}

type Value = string | true | readonly string[] | Job;
interface Job {
  readonly [key: string]: Value;
}

function element(value: Value): string {
  if (value === true) return '<true/>';
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (isList(value)) return `<array>\n${value.map((item) => `${element(item)}\n`).join('')}</array>`;
  const entries = Object.entries(value).map(([key, item]) => `<key>${escaped(key)}</key>\n${element(item)}\n`);
  return `<dict>\n${entries.join('')}</dict>`;
}

function isList(value: readonly string[] | Job): value is readonly string[] {
  return Array.isArray(value);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
