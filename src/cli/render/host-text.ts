import { basename } from 'node:path';
import type { Failure } from '../../domain/failure.ts';
import { allHosts } from '../../domain/host-group.ts';
import { formatHost, type Host, type HostMistake } from '../../domain/host.ts';
import { unreachable } from '../../util/unreachable.ts';
import { copyAdvice, copyHeadline, login } from './copy-text.ts';
import { quoted } from './quoted.ts';

type HostFailure = Extract<Failure, { reason: `host-${string}` | 'runs-elsewhere' }>;
type Unreachable = Extract<HostFailure, { reason: 'host-unreachable' }>;

export function isHostFailure(failure: Failure): failure is HostFailure {
  return failure.reason.startsWith('host-') || failure.reason === 'runs-elsewhere';
}

export function hostHeadline(failure: HostFailure): string {
  if (failure.reason === 'runs-elsewhere') return elsewhereHeadline(failure);
  if (failure.reason === 'host-not-copied') return copyHeadline(failure);
  const host = formatHost(failure.host);
  switch (failure.reason) {
    case 'host-unreachable':
      return `${host}: ${problemText(failure)}; nothing was changed`;
    case 'host-lost':
      return `${host}: the connection was lost; the daemon there goes on with what it began`;
    default:
      return unreachable(failure);
  }
}

export function hostAdvice(failure: HostFailure): readonly string[] {
  if (failure.reason === 'runs-elsewhere') return elsewhereAdvice(failure);
  if (failure.reason === 'host-not-copied') return copyAdvice(failure);
  const host = quoted(formatHost(failure.host));
  switch (failure.reason) {
    case 'host-unreachable':
      return [...saidBy(failure), ...adviceOn(failure)];
    case 'host-lost':
      return [
        ...failure.output.map((line) => `ssh: ${line}`),
        `See how far it is: eco list --host ${host}`,
        'Then do the same once more: what is done already is left alone',
      ];
    default:
      return unreachable(failure);
  }
}

type Elsewhere = Extract<HostFailure, { reason: 'runs-elsewhere' }>;

function elsewhereHeadline({ file, groups, asked }: Elsewhere): string {
  const name = basename(file);
  const hosts = allHosts(groups).map(formatHost).join(', ');
  if (asked === null) return `${name} is for ${hosts}; nothing was changed`;
  if (groups.length === 0) return `${name} names no hosts, and none is called ${asked}; nothing was changed`;
  return `${asked} is none of the hosts of ${name}; nothing was changed`;
}

function elsewhereAdvice({ groups }: Elsewhere): readonly string[] {
  if (groups.length === 0)
    return ['Name them in it, hosts: { web: [ssh://user@host] }, or say which: --host ssh://user@host'];
  const [first] = allHosts(groups);
  return [
    ...groups.map(({ name, hosts }) => `${name}: ${hosts.map(formatHost).join(', ')}`),
    ...(first === undefined ? [] : [`Say which: --host ${quoted(formatHost(first))}, or the name of a group, or all`]),
  ];
}

function problemText({ because, version }: Unreachable): string {
  switch (because.type) {
    case 'no-ssh':
      return `there is no ${because.program} here to go there with`;
    case 'ssh':
      return sshProblem(because.output);
    case 'no-eco':
      return `there is no eco there: its shell does not find ${because.command}`;
    case 'no-greeting':
      return `what ${because.command} runs there is no eco that can be asked from afar`;
    case 'other-version':
      return `eco there is ${because.found.version}, this is ${version}`;
    default:
      return unreachable(because);
  }
}

/** ssh shows all that it says by itself; a program only keeps the report. */
function saidBy({ because }: Unreachable): readonly string[] {
  return because.type === 'no-greeting' ? because.output.map((line) => `it says: ${line}`) : [];
}

function adviceOn({ host, because, version }: Unreachable): readonly string[] {
  switch (because.type) {
    case 'no-ssh':
      return ['Install it (Debian: apt install openssh-client), or name another: ECO_SSH=/path/of/ssh'];
    case 'ssh':
      return [`See whether this works: ${login(host)} true`];
    case 'no-eco':
      return [
        `Install it: ${install(host, version)}`,
        "Or, if it is not in the PATH of a shell without a login, say where it is: --remote-eco '/path/of/eco'",
      ];
    case 'no-greeting':
    case 'other-version':
      return [`Install this version; no app stops: ${install(host, version)}`];
    default:
      return unreachable(because);
  }
}

function install(host: Host, version: string): string {
  return `${login(host)} ${quoted(`npm install -g eco-runner@${version} && eco daemon upgrade`)}`;
}

/** By the words of OpenSSH, which it does not translate; whatever else it says is shown anyway. */
const SSH_PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, 'it has another key than it had: it may be another machine'],
  [/Host key verification failed|No .* host key is known/i, 'ssh does not know its key'],
  [/Permission denied|Too many authentication failures/i, 'it does not let this user in'],
  [/Could not resolve hostname/i, 'there is no machine of that name'],
  [/Connection refused/i, 'no ssh server answers there'],
  [/timed out|No route to host|Network is unreachable/i, 'it cannot be reached'],
];

function sshProblem(output: readonly string[]): string {
  const text = output.join('\n');
  const known = SSH_PROBLEMS.find(([pattern]) => pattern.test(text))?.[1];
  return known ?? `ssh does not get there${output.length === 0 ? '' : ` (${output.at(-1)})`}`;
}

export function formatOneHost(command: string, group: string, hosts: readonly Host[]): string {
  return `eco ${command} is about one machine at a time, and ${group} is ${hosts.map(formatHost).join(', ')}. Say which: --host ${formatHost(hosts[0] ?? NOWHERE)}.`;
}

const NOWHERE: Host = { user: null, name: 'host', port: null, folder: null, command: null };

export const NO_HOST = 'No host is named: --remote-cwd and --remote-eco need --host ssh://user@host, or ECO_HOST.';

export const AT_IS_HERE =
  'plan --at is about a folder of this machine; with a host, --remote-cwd says which folder there is meant.';

/** `flag` is the value of `--host`; undefined where ECO_HOST names the host. */
export function formatHereOnly(command: string, flag: string | undefined): string {
  const why = HERE_ONLY[command] ?? 'says the same everywhere';
  const named = flag === undefined ? 'ECO_HOST names a host: to run it here, unset it' : '--host has no place here';
  return `eco ${command} ${why}; ${named}.`;
}

const HERE_ONLY: Readonly<Record<string, string>> = {
  watch: 'runs the apps here, in this terminal',
  dev: 'runs the apps here, in this terminal',
  run: 'runs the apps here, in this process',
  init: 'writes a file here',
};

export function formatHostMistake(text: string, mistake: HostMistake): string {
  return `${JSON.stringify(text)} is no host: ${MISTAKES[mistake]}. Write ssh://user@host, ssh://user@host:2222 or ssh://user@host/srv/app, or the name of a group of the file.`;
}

const MISTAKES: Readonly<Record<HostMistake, string>> = {
  'no-url': 'it does not begin with ssh://',
  password: 'ssh takes no password from an address; use a key',
  user: 'no user has such a name',
  name: 'no machine has such a name',
  port: 'a port is a number from 1 to 65535',
  query: 'behind the question mark only eco=COMMAND may stand',
  encoding: 'a % begins no character',
};
