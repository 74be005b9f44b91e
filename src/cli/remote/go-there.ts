import { ecoCommand, ECO_THERE, sshCommand } from '../../client/ssh-words.ts';
import type { HostProblem } from '../../domain/failure.ts';
import { parseHost, type Host } from '../../domain/host.ts';
import { allHosts } from '../../domain/host-group.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { lookOnHosts } from '../flow/on-hosts.ts';
import { HOST_FLAGS } from '../program/host-flags.ts';
import type { OutputFlags } from '../program/options.ts';
import { formatHereOnly, formatHostMistake, formatOneHost, NO_HOST } from '../render/host-text.ts';
import { reach, sshOptions, withFlags } from './reach.ts';

export interface FarCall {
  readonly flags: OutputFlags;
  /** The name of the command first. */
  readonly words: readonly string[];
  readonly command: (context: CliContext) => Promise<number>;
  /** The host as it was written; empty if none was. */
  readonly text: string;
}

/** Commands that are about files and processes here, whatever the host. */
const ABOUT_HERE = ['watch', 'dev', 'run', 'init'];
/** Commands that say the same everywhere: for them ECO_HOST means nothing. */
const ABOUT_NOTHING = ['schema', 'explain', 'completion', 'dial-stdio'];
/** Commands about the machine itself: eco there carries them out as it would if they were typed there. */
const PASSED_ON = ['start', 'daemon', 'startup', 'unstartup', 'doctor'];
/** Commands with an ecosystem file, which says itself what its groups of hosts are. */
const OF_FILES = ['apply', 'plan', 'down', 'drift', 'validate', 'lock'];
/** Commands that have an end and look at, or change, each machine by itself. */
const ON_SEVERAL = ['list', 'ls', 'status', 'describe', 'show', 'env', 'history', 'flush', 'reset', 'wait'];
const OPERATIONS = ['stop', 'restart', 'reload', 'scale', 'rollback', 'signal', 'delete'];

/** Does on another machine what a command says, or says why that cannot be. */
export async function goThere(here: CliContext, call: FarCall): Promise<number> {
  const { flags, words, command, text } = call;
  const [name = ''] = words;
  if (ABOUT_NOTHING.includes(name) && flags.host === undefined) return command(here);
  if (ABOUT_HERE.includes(name) || ABOUT_NOTHING.includes(name)) return refuse(here, formatHereOnly(name, flags.host));
  if (text === '' && OF_FILES.includes(name)) return command(here);
  if (text === '') return refuse(here, NO_HOST);
  if (/^[\w.-]+$/.test(text)) return goToGroup(here, call);
  const parsed = parseHost(text);
  if (!parsed.ok) return refuse(here, formatHostMistake(text, parsed.error));
  return goToHost(here, parsed.value, call);
}

function refuse({ console }: CliContext, line: string): number {
  console.err(`${line}\n`);
  return EXIT.unclassified;
}

async function goToHost(here: CliContext, host: Host, { flags, words, command }: FarCall): Promise<number> {
  const [name = ''] = words;
  if (PASSED_ON.includes(name)) return passOn(here, withFlags(host, here, flags), words);
  const there = reach(name === 'complete' ? quietly(here) : here, host, flags);
  try {
    return await command(there);
  } finally {
    await there.close();
  }
}

/** A group of the ecosystem file's hosts: the file that a command names, else the one that is found from here. */
async function goToGroup(here: CliContext, call: FarCall): Promise<number> {
  const { words, command, text } = call;
  const [name = ''] = words;
  if (OF_FILES.includes(name)) return command({ ...here, hostGroup: text });
  const { cwd, environment, home } = here;
  const where = { type: 'group', name: text } as const;
  const loaded = await here.load({ cwd, environment, home, codeRevision: 'skip', where });
  if (loaded.ok) throw new Error('a file was loaded for a group of hosts');
  if (loaded.error.reason !== 'runs-elsewhere' || loaded.error.asked !== null) return fail(here, loaded.error);
  const hosts = allHosts(loaded.error.groups);
  const [only] = hosts;
  if (hosts.length === 1 && only !== undefined) return goToHost(here, only, call);
  if (![...ON_SEVERAL, ...OPERATIONS].includes(name)) return refuse(here, formatOneHost(name, text, hosts));
  return lookOnHosts(here, hosts, command);
}

/** Who presses Tab has asked for nothing, and can be asked nothing. */
function quietly(here: CliContext): CliContext {
  return { ...here, console: { ...here.console, err: () => {}, isInteractive: false } };
}

async function passOn(here: CliContext, host: Host, words: readonly string[]): Promise<number> {
  const { runSsh, NO_SSH } = await import('../../platform/ssh.ts');
  const ssh = sshOptions(here);
  const command = ecoCommand(host, withoutHost(words));
  const exitCode = await runSsh(sshCommand(host, command, { ...ssh, terminal: here.console.isInteractive }));
  const failed = (because: HostProblem): Promise<number> =>
    fail(here, { reason: 'host-unreachable', host, because, version: here.program.version });
  if (exitCode === NO_SSH) return failed({ type: 'no-ssh', program: ssh.ssh[0] ?? '' });
  // ssh has said why.
  if (exitCode === 255 || exitCode === null) return failed({ type: 'ssh', output: [] });
  if (exitCode === 127) return failed({ type: 'no-eco', command: host.command ?? ECO_THERE, output: [] });
  return exitCode;
}

/** What is for the program, behind `--`, is left as it is. */
export function withoutHost(words: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return [...kept, ...words.slice(at)];
    const [name = ''] = word.split('=', 1);
    if (!HOST_FLAGS.includes(name)) kept.push(word);
    else if (!word.includes('=')) at++;
  }
  return kept;
}
