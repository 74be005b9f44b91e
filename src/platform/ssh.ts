import type { Readable, Writable } from 'node:stream';

export interface SshSession {
  readonly input: Writable;
  readonly output: Readable;
  /** What ssh and the far side write on stderr. */
  readonly errors: Readable;
  /** The exit code once it has ended: 255 is ssh's own, `NO_SSH` says that it is not here, null a signal. */
  readonly ended: Promise<number | null>;
  /** The far side sees the end of its input. */
  readonly close: () => Promise<void>;
}

/** None that ssh gives. */
export const NO_SSH = 254;
/** How long the far side may take to notice. */
const END_TIMEOUT = 2000;

/**
 * Ctrl-C in a terminal goes to every process in it. What is to be done about it is eco's to say: ssh, which would end, is
 * started with the signals ignored, and stays so (signal(7): the disposition is kept across an execve).
 */
const DEAF = `trap '' INT TERM; command -v "$0" >/dev/null 2>&1 || exit ${NO_SSH}; exec "$0" "$@"`;

/** Its stdin and stdout are ours; where it asks somebody it does so in the terminal itself. */
export async function startSsh(words: readonly string[]): Promise<SshSession> {
  const { execa } = await import('execa');
  const child = execa('/bin/sh', ['-c', DEAF, ...words], { reject: false, buffer: false, cleanup: false });
  const { stdin: input, stdout: output, stderr: errors } = child;
  // The pipe of a process that is gone; its end says what there is to say.
  input.on('error', () => {});
  const ended = child.then(({ exitCode }) => exitCode ?? null);
  const close = async (): Promise<void> => {
    input.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT);
    await ended;
    clearTimeout(timer);
  };
  return { input, output, errors, ended, close };
}

/** In the place of this process: it has its terminal, and its signals. */
export async function runSsh(words: readonly string[]): Promise<number | null> {
  const { execa } = await import('execa');
  const script = `command -v "$0" >/dev/null 2>&1 || exit ${NO_SSH}; exec "$0" "$@"`;
  const { exitCode } = await execa('/bin/sh', ['-c', script, ...words], { reject: false, stdio: 'inherit' });
  return exitCode ?? null;
}
