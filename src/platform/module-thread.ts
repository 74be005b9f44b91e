import { writeSync } from 'node:fs';
import { parentPort, SHARE_ENV, Worker, workerData } from 'node:worker_threads';
import type { Milliseconds } from '../domain/time.ts';

/** What is left of an error on its way between threads. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type ThreadOutcome =
  | { readonly type: 'answered'; readonly answer: unknown }
  | { readonly type: 'threw'; readonly error: ThrownError }
  /** It was stopped, whatever it did. */
  | { readonly type: 'timed-out' }
  /** It called `process.exit`. */
  | { readonly type: 'exited'; readonly exitCode: number }
  /** It awaits what nothing is left to bring about. */
  | { readonly type: 'idle' };

export interface ThreadLimits {
  /** From its first line on: how long a busy machine takes to start a thread is nothing to the program. */
  readonly timeout: Milliseconds;
  /** Of the heap, in MiB; a program that needs more has thrown. */
  readonly memory: number;
}

type Message = Extract<ThreadOutcome, { readonly type: 'answered' | 'threw' | 'exited' }>;

/**
 * Asks a program for one answer, in a thread that is stopped afterwards: it can neither end nor block this process, nor keep
 * it alive. It sees this process's arguments and environment, and what it changes in the environment is changed here.
 */
export async function askThread(script: string, question: unknown, limits: ThreadLimits): Promise<ThreadOutcome> {
  const worker = new Worker(script, {
    workerData: question,
    argv: process.argv.slice(2),
    env: SHARE_ENV,
    resourceLimits: { maxOldGenerationSizeMb: limits.memory },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ThreadOutcome>((resolve) => {
      worker.once('online', () => {
        timer = setTimeout(() => resolve({ type: 'timed-out' }), limits.timeout);
      });
      let ending: ThreadOutcome = { type: 'idle' };
      worker.once('message', (message: Message) => {
        // Node itself ends a thread by `process.exit` after an error that nothing caught, which comes by another way.
        if (message.type === 'exited') ending = message;
        else resolve(message);
      });
      worker.once('error', (error) => resolve({ type: 'threw', error: errorOf(error) }));
      worker.once('exit', () => resolve(ending));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/**
 * In the thread: gives the answer. What the thread prints goes to stderr, for stdout may be a JSON document, and at once,
 * for the thread is stopped as soon as it has answered.
 */
export async function answerFromThread(work: (question: unknown) => Promise<unknown>): Promise<void> {
  const exit = process.exit.bind(process);
  process.stdout.write = writeOnStderr;
  process.stderr.write = writeOnStderr;
  process.exit = (code) => {
    parentPort?.postMessage({ type: 'exited', exitCode: Number(code ?? 0) } satisfies Message);
    return exit(code);
  };
  const message = await work(workerData).then(
    (answer): Message => ({ type: 'answered', answer }),
    (error: unknown): Message => ({ type: 'threw', error: errorOf(error) }),
  );
  parentPort?.postMessage(message);
}

function writeOnStderr(chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean {
  try {
    writeSync(2, Buffer.from(chunk));
  } catch {
    // Nobody reads it, or not fast enough: what a configuration prints is never worth failing for.
  }
  const done = rest.at(-1);
  if (typeof done === 'function') queueMicrotask(() => void done());
  return true;
}

function errorOf(error: unknown): ThrownError {
  if (typeof error !== 'object' || error === null) return { name: '', message: String(error), stack: '' };
  const text = (key: string): string => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' ? value : '';
  };
  return { name: text('name'), message: text('message'), stack: text('stack') };
}
