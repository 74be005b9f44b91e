import { MARK, type BootFacts } from './boot-facts.ts';

/**
 * The options that matter: `KillMode=process`: the end of the daemon ends no app. `Restart=always`: nor does it stay away, but
 * where it says by 11 that it cannot serve the home. `Delegate=yes`: the daemon may limit its apps by control groups.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
export function systemdUnit(facts: BootFacts & { readonly name: string }): string {
  const { name, scope, user, ecoHome, command, environment } = facts;
  const ofMachine = scope === 'machine';
  const variables = { ...environment, ECO_HOME: ecoHome, ECO_SERVICE: name };
  const unit = [
    `Description=${literal(`eco, for the apps of ${user}`)}`,
    ...(ofMachine ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    ...(ofMachine ? [`RequiresMountsFor=${quoted(ecoHome)}`] : []),
    'StartLimitIntervalSec=0',
  ];
  const service = [
    'Type=notify',
    'NotifyAccess=all',
    // A daemon that was started by hand may finish what it began before this one takes its place.
    'TimeoutStartSec=180',
    ...(ofMachine ? [`User=${user}`] : []),
    ...Object.entries(variables).map(([key, value]) => `Environment=${quoted(`${key}=${value}`)}`),
    `ExecStart=${command.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}`,
    'KillMode=process',
    'Restart=always',
    'RestartPreventExitStatus=11',
    'OOMPolicy=continue',
    'Delegate=yes',
    'TasksMax=infinity',
  ];
  const install = [`WantedBy=${ofMachine ? 'multi-user' : 'default'}.target`];
  return `# ${MARK}\n${section('Unit', unit)}\n${section('Service', service)}\n${section('Install', install)}`;
}

function section(name: string, lines: readonly string[]): string {
  return `[${name}]\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html#Quoting */
function quoted(word: string): string {
  return `"${literal(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')).replaceAll('\n', '\\n')}"`;
}

/** Without specifiers such as `%h`. */
function literal(text: string): string {
  return text.replaceAll('%', '%%');
}
