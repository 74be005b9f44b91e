import { execa } from 'execa';
import type { Milliseconds } from '../domain/time.ts';
import { sendSignal } from './process-table.ts';
import { startChild } from './start-child.ts';

export interface ShellCommand {
  readonly command: string;
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Once it is over, the command and all that it started are killed. */
  readonly timeout: Milliseconds;
  /** Whom it runs as; this process's own user without it. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export type CommandOutcome =
  | { readonly type: 'succeeded'; readonly output: string }
  /** `problem` is the end of a sentence: `ended with exit code 1`. The last of what it wrote to both streams is in `output`. */
  | { readonly type: 'failed'; readonly problem: string; readonly output: string };

/** Of what a command writes. */
const LARGEST_OUTPUT = 128 * 1024;

/** A command line for `sh -c`. Never throws. */
export async function runCommand(
  request: ShellCommand,
  { streams, signal }: { readonly streams: 'stdout' | 'both'; readonly signal?: AbortSignal },
): Promise<CommandOutcome> {
  const started = await startChild(() => execa('sh', ['-c', request.command], optionsOf(request, streams))).catch(
    () => null,
  );
  if (started === null) return { type: 'failed', problem: 'could not be run', output: '' };
  const { pid } = started.child;
  const kill = (): void => {
    if (pid !== undefined) sendSignal(-pid, 'SIGKILL');
  };
  const limit = AbortSignal.timeout(request.timeout);
  const end = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  end.addEventListener('abort', kill, { once: true });
  if (end.aborted) kill();
  const { exitCode, all, isMaxBuffer, signal: endedBy } = await started.child;
  end.removeEventListener('abort', kill);
  const output: string = all;
  const failed = (problem: string): CommandOutcome => ({ type: 'failed', problem, output });
  if (isMaxBuffer) {
    kill();
    return failed('wrote more than 128 KiB');
  }
  if (limit.aborted) return failed(`did not end within ${request.timeout / 1000} s`);
  if (end.aborted) return failed('was called off');
  if (exitCode === 0) return { type: 'succeeded', output };
  if (exitCode !== undefined) return failed(`ended with exit code ${exitCode}`);
  return failed(endedBy === undefined ? 'could not be run' : `was ended by ${endedBy}`);
}

function optionsOf({ cwd, env, user }: ShellCommand, streams: 'stdout' | 'both') {
  return {
    cwd,
    env,
    extendEnv: false,
    stdin: 'ignore',
    ...(user === undefined ? {} : user),
    all: true,
    ...(streams === 'both' ? {} : { stderr: 'ignore' as const }),
    stripFinalNewline: false,
    maxBuffer: LARGEST_OUTPUT,
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    reject: false,
  } as const;
}
