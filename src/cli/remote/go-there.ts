import { ecoCommand, ECO_THERE, sshCommand, type SshOptions } from '../../client/ssh-words.ts';
import { splitWords } from '../../config/words.ts';
import type { HostProblem } from '../../domain/failure.ts';
import { parseHost, type Host } from '../../domain/host.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { FLAGS_WITH_VALUE, type OutputFlags } from '../program/options.ts';
import { formatHereOnly, formatHostMistake, NO_HOST } from '../render/host-text.ts';
import { remoteContext } from './remote-context.ts';

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

/** Does on another machine what a command says, or says why that cannot be. */
export async function goThere(here: CliContext, call: FarCall): Promise<number> {
  const { flags, words, command, text } = call;
  const [name = ''] = words;
  if (ABOUT_NOTHING.includes(name) && flags.host === undefined) return command(here);
  const refuse = (line: string): number => {
    here.console.err(`${line}\n`);
    return EXIT.unclassified;
  };
  if (ABOUT_HERE.includes(name) || ABOUT_NOTHING.includes(name)) return refuse(formatHereOnly(name, flags.host));
  if (text === '') return refuse(NO_HOST);
  const parsed = parseHost(text);
  if (!parsed.ok) return refuse(formatHostMistake(text, parsed.error));
  const host = withFlags(parsed.value, here, flags);
  const ssh = { ...sshOptions(here), ...(name === 'complete' ? { interactive: false } : {}) };
  if (PASSED_ON.includes(name)) return passOn(here, { host, ssh, words });
  const context = remoteContext(name === 'complete' ? quietly(here) : here, { host, ssh });
  try {
    return await command(context);
  } finally {
    await context.close();
  }
}

function withFlags(host: Host, { environment }: CliContext, { remoteCwd, remoteEco }: OutputFlags): Host {
  const general = environment['ECO_REMOTE_COMMAND'] ?? '';
  return {
    ...host,
    folder: remoteCwd ?? host.folder,
    command: remoteEco ?? host.command ?? (general === '' ? null : general),
  };
}

/** ECO_SSH is a command line: `ssh -F ci-config`. */
function sshOptions({ environment, console }: CliContext): SshOptions {
  const words = splitWords(environment['ECO_SSH'] ?? '')?.words ?? [];
  return { ssh: words.length === 0 ? ['ssh'] : words, interactive: console.isInteractive, shared: null };
}

/** Who presses Tab has asked for nothing, and can be asked nothing. */
function quietly(here: CliContext): CliContext {
  return { ...here, console: { ...here.console, err: () => {} } };
}

interface PassedOn {
  readonly host: Host;
  readonly ssh: SshOptions;
  readonly words: readonly string[];
}

async function passOn(here: CliContext, { host, ssh, words }: PassedOn): Promise<number> {
  const { runSsh, NO_SSH } = await import('../../platform/ssh.ts');
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

const HOST_FLAGS = FLAGS_WITH_VALUE.filter((flag) => /^--(host|remote-)/.test(flag));
