import type { Host } from '../domain/host.ts';
import type { Failure, HostProblem } from '../domain/failure.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds } from '../domain/time.ts';
import { Channels, readAllText } from '../platform/channels.ts';
import { systemClock } from '../platform/clock.ts';
import { NO_SSH, startSsh, type SshSession } from '../platform/ssh.ts';
import { GREETING, type ChannelName, type DialCallName, type DialedDaemon, type Greeting } from '../protocol/dial.ts';
import type { DaemonClient } from './daemon-client.ts';
import { httpClient } from './http-client.ts';
import { ECO_THERE, ecoCommand, sshCommand, type SshOptions } from './ssh-words.ts';

/** eco on another machine. */
export interface FarEco {
  readonly greeting: Greeting;
  /** Asks eco there, not its daemon. */
  readonly call: <T>(name: DialCallName, body: unknown) => Promise<Result<T>>;
  readonly client: (daemon: DialedDaemon) => DaemonClient;
  readonly close: () => Promise<void>;
}

export interface DialOptions extends SshOptions {
  readonly version: string;
  /** Told what ssh says until eco answers there: it may want something of a person. */
  readonly onError: (text: string) => void;
}

/** What a shell may print before eco says a word. */
const MOST_NOISE = 1 << 16;
const MOST_LINES = 20;
/** A person may take their time with a password; nobody else may. */
const GREETING_TIMEOUT = seconds(60);

/** One connection for all that a command has to ask there. */
export async function dial(host: Host, options: DialOptions): Promise<Result<FarEco>> {
  const { version } = options;
  // The folder matters to calls only, each of which names it.
  const command = ecoCommand({ ...host, folder: null }, ['dial-stdio']);
  const session = await startSsh(sshCommand(host, command, options));
  const said = new Said(session, options.onError);
  const greeted = await readGreeting(session, options);
  if (greeted === null) {
    const exitCode = await endOf(session);
    return err({ reason: 'host-unreachable', host, because: problemOf(exitCode, { host, options, said }), version });
  }
  const { greeting, head } = greeted;
  if (greeting.version !== version) {
    await session.close();
    return err({ reason: 'host-unreachable', host, because: { type: 'other-version', found: greeting }, version });
  }
  said.beQuiet();
  return ok(farEco(session, { host, greeting, head, said }));
}

interface Dialed {
  readonly host: Host;
  readonly greeting: Greeting;
  readonly head: Buffer;
  readonly said: Said;
}

function farEco(session: SshSession, { host, greeting, head, said }: Dialed): FarEco {
  let lost = false;
  const channels = new Channels({
    input: session.output,
    output: session.input,
    head,
    onEnd: () => (lost = true),
  });
  const open = (name: ChannelName) => channels.open(name);
  const failure = (): Failure => ({ reason: 'host-lost', host, output: said.lines });
  return {
    greeting,
    call: async <T>(call: DialCallName, body: unknown) => {
      try {
        const channel = open('call');
        channel.end(JSON.stringify({ call, body }));
        return JSON.parse(await readAllText(channel)) as Result<T>;
      } catch {
        return err(failure());
      }
    },
    client: ({ socket, log }) => {
      const far = { open: () => open('daemon'), lost: () => (lost ? failure() : null) };
      return httpClient({ socketPath: `${greeting.host}:${socket}`, log: `${greeting.host}:${log}`, far });
    },
    close: session.close,
  };
}

/** What came on stderr: shown until eco answers, then only kept for a failure to show. */
class Said {
  #text = '';
  #quiet = false;

  constructor({ errors }: SshSession, show: (text: string) => void) {
    errors.setEncoding('utf8');
    errors.on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-MOST_NOISE);
      if (!this.#quiet) show(text);
    });
  }

  beQuiet(): void {
    this.#quiet = true;
    this.#text = '';
  }

  get lines(): readonly string[] {
    const lines = this.#text.split(/\r?\n/).filter((line) => line.trim() !== '');
    return lines.slice(-MOST_LINES);
  }
}

interface Greeted {
  readonly greeting: Greeting;
  readonly head: Buffer;
}

/** null: the output ended, or is no greeting. What follows it is the beginning of the first frame. */
async function readGreeting(
  { output }: SshSession,
  { interactive }: Pick<DialOptions, 'interactive'>,
): Promise<Greeted | null> {
  return new Promise((resolve) => {
    let read = Buffer.alloc(0);
    const done = (found: Greeted | null): void => {
      timer?.cancel();
      output.off('data', onData).off('end', onEnd).off('error', onEnd);
      output.pause();
      resolve(found);
    };
    const onEnd = (): void => done(null);
    const timer = interactive ? null : systemClock.after(GREETING_TIMEOUT, onEnd);
    const onData = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const found = greetingIn(read);
      if (found !== null || read.length > MOST_NOISE) done(found);
    };
    output.on('data', onData).on('end', onEnd).on('error', onEnd);
  });
}

function greetingIn(read: Buffer): Greeted | null {
  const start = read.indexOf(GREETING);
  const end = start < 0 ? -1 : read.indexOf('\n', start);
  if (end < 0) return null;
  try {
    const greeting = JSON.parse(read.subarray(start + GREETING.length, end).toString()) as Greeting;
    return { greeting, head: read.subarray(end + 1) };
  } catch {
    return null;
  }
}

/** Something that goes on without a greeting is no eco. */
async function endOf(session: SshSession): Promise<number | null> {
  await session.close();
  return session.ended;
}

interface Attempt {
  readonly host: Host;
  readonly options: DialOptions;
  readonly said: Said;
}

/** Exit codes of a shell: 127, it is not there; 126, it cannot be run. 255 is ssh's own. */
function problemOf(exitCode: number | null, { host, options, said }: Attempt): HostProblem {
  const { lines: output } = said;
  const command = host.command ?? ECO_THERE;
  if (exitCode === NO_SSH) return { type: 'no-ssh', program: options.ssh[0] ?? '' };
  if (exitCode === 255 || exitCode === null) return { type: 'ssh', output };
  if (exitCode === 127 || exitCode === 126) return { type: 'no-eco', command, output };
  return { type: 'no-greeting', command, output };
}
