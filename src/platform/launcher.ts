import type { SendHandle } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { readProcess } from './process-table.ts';
import type { ExitCause } from '../domain/worker-state.ts';

export interface LaunchRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute paths, opened for appending and created if missing; null discards. */
  readonly outFile: string | null;
  readonly errorFile: string | null;
  /** Open an IPC channel on fd 3. */
  readonly ipc: boolean;
  /** Inherited as fd 4 and up, in order; as fd 3 and up without IPC. */
  readonly inherit: readonly number[];
}

export interface LaunchedProcess {
  readonly pid: number;
  readonly startTime: string;
  /** Over IPC; `handle` as node:child_process takes it. Silent if the process is gone. */
  readonly send: (message: object, handle?: unknown) => void;
}

export interface LaunchListener {
  readonly onExit: (cause: ExitCause) => void;
  /** Only messages between eco and its preload: Node keeps those that begin with `NODE_` apart. */
  readonly onInternalMessage: (message: unknown, handle: unknown) => void;
}

/** The first inherited descriptor. */
export function firstInheritedFd(ipc: boolean): number {
  return ipc ? 4 : 3;
}

/**
 * Starts a process that outlives this one: a session of its own, logs straight into files, no pipe that could break.
 * Answers an ExitCause of type `spawn-error` instead if the system refuses.
 */
export async function launch(request: LaunchRequest, listener: LaunchListener): Promise<LaunchedProcess | ExitCause> {
  let logs: OpenLogs | undefined;
  try {
    logs = openLogs(request);
    return await spawn(request, logs, listener);
  } catch (error) {
    return spawnError(error);
  } finally {
    for (const fd of new Set([logs?.out, logs?.error])) if (typeof fd === 'number') closeSync(fd);
  }
}

async function spawn(
  request: LaunchRequest,
  logs: OpenLogs,
  listener: LaunchListener,
): Promise<LaunchedProcess | ExitCause> {
  const child = execa(request.command, request.args, {
    cwd: request.cwd,
    env: request.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    serialization: 'json',
    // execa takes any descriptor; its types know only the first three.
    stdio: ['ignore', logs.out, logs.error, ...(request.ipc ? ['ipc'] : []), ...request.inherit] as unknown as [
      'ignore',
      'ignore',
      'ignore',
    ],
  });
  const { pid } = child;
  if (pid === undefined) {
    const result = await child;
    return spawnError(result instanceof Error ? (result.cause ?? result) : result);
  }
  child.on('exit', (code: number | null, signal: string | null) => listener.onExit(exitCause(code, signal)));
  child.on('internalMessage' as 'message', (message: unknown, handle: unknown) => {
    listener.onInternalMessage(message, handle);
  });
  return {
    pid,
    startTime: readProcess(pid)?.startTime ?? '',
    send: (message, handle) => {
      if (child.connected) child.send(message, handle as SendHandle, {}, () => {});
    },
  };
}

interface OpenLogs {
  readonly out: number | 'ignore';
  readonly error: number | 'ignore';
}

function openLogs({ outFile, errorFile }: LaunchRequest): OpenLogs {
  const out = openLog(outFile);
  return { out, error: errorFile === outFile ? out : openLog(errorFile) };
}

/** Append mode: the kernel puts each write at the end, whoever else writes. */
function openLog(path: string | null): number | 'ignore' {
  if (path === null) return 'ignore';
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'a', 0o600);
}

function exitCause(code: number | null, signal: string | null): ExitCause {
  if (signal !== null) return { type: 'signal', signal };
  return code === null ? { type: 'unknown' } : { type: 'exit-code', code };
}

function spawnError(error: unknown): ExitCause {
  return { type: 'spawn-error', message: error instanceof Error ? error.message : String(error) };
}
