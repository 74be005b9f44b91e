import { request } from 'node:http';
import { connect } from 'node:net';
import { execa } from 'execa';
import { startChild } from './start-child.ts';
import { unreachable } from '../util/unreachable.ts';
import { sendSignal } from './process-table.ts';

/** What a worker is asked, with everything that asking takes. */
export type ProbeQuestion =
  | { readonly type: 'http'; readonly host: string; readonly port: number; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly type: 'exec';
      readonly command: string;
      readonly cwd: string;
      /** The whole environment: nothing is inherited. */
      readonly env: Readonly<Record<string, string>>;
    };

export interface ProbeAnswer {
  readonly well: boolean;
  /** The end of a sentence, for people: `it said 500`. */
  readonly said: string;
}

/** Asks once. Never throws; ends at once, with everything that it began, when aborted: the caller keeps the time. */
export async function askProbe(question: ProbeQuestion, signal: AbortSignal): Promise<ProbeAnswer> {
  switch (question.type) {
    case 'http':
      return askHttp(question, signal);
    case 'tcp':
      return askTcp(question, signal);
    case 'exec':
      return runCheck(question, signal);
    default:
      return unreachable(question);
  }
}

/** Any status from 200 to 399 is well: a redirect shows that the app works. */
export function answerOfStatus(status: number): ProbeAnswer {
  return { well: status >= 200 && status < 400, said: `it said ${status}` };
}

function askHttp(
  { host, port, path }: Extract<ProbeQuestion, { type: 'http' }>,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const headers = { connection: 'close', 'user-agent': 'eco-probe' };
    const sent = request({ host: bare(host), port, path, headers, agent: false, signal }, (response) => {
      // Of the answer only its status counts.
      response.on('error', () => {});
      resolve(answerOfStatus(response.statusCode ?? 0));
      sent.destroy();
    });
    sent.on('error', (error) => resolve({ well: false, said: connectionProblem(error) }));
    sent.end();
  });
}

function askTcp({ host, port }: Extract<ProbeQuestion, { type: 'tcp' }>, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: bare(host), port });
    const end = (answer: ProbeAnswer): void => {
      signal.removeEventListener('abort', give);
      socket.destroy();
      resolve(answer);
    };
    const give = (): void => end({ well: false, said: 'it was given up' });
    signal.addEventListener('abort', give);
    socket.on('connect', () => end({ well: true, said: 'it was accepted' }));
    socket.on('error', (error) => end({ well: false, said: connectionProblem(error) }));
    if (signal.aborted) give();
  });
}

async function runCheck(
  { command, cwd, env }: Extract<ProbeQuestion, { type: 'exec' }>,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  // A group of its own, so that what it starts can be ended with it.
  const options = { cwd, env, extendEnv: false, stdio: 'ignore', detached: true, reject: false } as const;
  const started = await startChild(() => execa('sh', ['-c', command], options)).catch(() => null);
  if (started === null) return { well: false, said: 'it could not be run' };
  const { child } = started;
  const { pid } = child;
  const kill = (): void => {
    if (pid !== undefined) sendSignal(-pid, 'SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const result = await child;
  signal.removeEventListener('abort', kill);
  if (result.exitCode === 0) return { well: true, said: 'exit code 0' };
  if (result.exitCode !== undefined) return { well: false, said: `exit code ${result.exitCode}` };
  return { well: false, said: result.signal === undefined ? 'it could not be run' : `killed by ${result.signal}` };
}

/** As in a URL, an IPv6 address may stand in brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function connectionProblem(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ECONNRESET') return 'it closed the connection without an answer';
  return code ?? error.message;
}
