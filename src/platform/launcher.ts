import type { SendHandle } from 'node:child_process';
import { closeSync, fchownSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import type { Milliseconds } from '../domain/time.ts';
import { settleWithin } from './machine.ts';
import { makeFolder } from './make-folder.ts';
import { startChild } from './start-child.ts';
import { readProcess } from './process-table.ts';
import type { ExitCause } from '../domain/worker-state.ts';
import { messageOf } from '../util/message-of.ts';

export interface LaunchRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute paths, opened for appending and created if missing; null discards. */
  readonly outFile: string | null;
  readonly errorFile: string | null;
  /** Created if missing, for the preload to open; the process is not started if it cannot be. */
  readonly combinedFile: string | null;
  /** Open an IPC channel on fd 3. */
  readonly ipc: boolean;
  /** Inherited as fd 4 and up, in order; as fd 3 and up without IPC. */
  readonly inherit: readonly number[];
  /** Whom it runs as, without supplementary groups; this process's own user without it. */
  readonly user?: { readonly uid: number; readonly gid: number };
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

export type OutputStream = 'out' | 'err';

/** Takes what a process writes. */
export interface OutputSink {
  readonly write: (bytes: Buffer) => void;
  readonly end: () => void;
}

export interface LaunchOptions {
  /** Takes what is meant for the file, which is not opened then; null: it is a file like any other. */
  readonly pipe?: (file: string, stream: OutputStream) => OutputSink | null;
}

/**
 * Starts a process that outlives this one: a session of its own, logs straight into files, no pipe that could break unless
 * that is asked for. Answers an ExitCause of type `spawn-error` instead if the system refuses.
 */
export async function launch(
  request: LaunchRequest,
  listener: LaunchListener,
  options: LaunchOptions = {},
): Promise<LaunchedProcess | ExitCause> {
  let logs: OpenLogs | undefined;
  try {
    logs = openLogs(request, options);
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
  const { child } = await startChild(() => spawnApart(request, logs));
  const { pid } = child;
  if (pid === undefined) {
    const result = await child;
    return spawnError(result instanceof Error ? (result.cause ?? result) : result);
  }
  const onExit = afterLastOutput(logs, [pour(child.stdout, logs.out), pour(child.stderr, logs.error)], listener.onExit);
  child.on('exit', (code: number | null, signal: string | null) => onExit(exitCause(code, signal)));
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

function spawnApart(request: LaunchRequest, logs: OpenLogs) {
  return execa(request.command, request.args, {
    cwd: request.cwd,
    env: request.env,
    extendEnv: false,
    ...(request.user === undefined ? {} : { uid: request.user.uid, gid: request.user.gid }),
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    serialization: 'json',
    // execa takes any descriptor; its types know only the first three.
    stdio: [
      'ignore',
      stdioOf(logs.out),
      stdioOf(logs.error),
      ...(request.ipc ? ['ipc'] : []),
      ...request.inherit,
    ] as unknown as ['ignore', 'ignore', 'ignore'],
  });
}

type Output = number | 'ignore' | OutputSink;

interface OpenLogs {
  readonly out: Output;
  readonly error: Output;
}

/** How long the end of a process waits for its last words. */
const LAST_OUTPUT_PATIENCE: Milliseconds = 200;

function openLogs({ outFile, errorFile, combinedFile, user }: LaunchRequest, { pipe }: LaunchOptions): OpenLogs {
  const open = (file: string | null, stream: OutputStream): Output => {
    return (file === null ? null : pipe?.(file, stream)) ?? openLog(file);
  };
  const combined = openLog(combinedFile);
  if (combined !== 'ignore') {
    if (user !== undefined) fchownSync(combined, user.uid, user.gid);
    closeSync(combined);
  }
  const out = open(outFile, 'out');
  return { out, error: errorFile === outFile && typeof out === 'number' ? out : open(errorFile, 'err') };
}

function stdioOf(output: Output): number | 'ignore' | 'pipe' {
  return typeof output === 'object' ? 'pipe' : output;
}

/** What a process wrote last comes before its end, unless something that it started still has its output. */
function afterLastOutput(
  { out, error }: OpenLogs,
  outputs: readonly Promise<void>[],
  onExit: LaunchListener['onExit'],
): LaunchListener['onExit'] {
  if (typeof out !== 'object' && typeof error !== 'object') return onExit;
  return (cause) => void settleWithin(Promise.all(outputs), LAST_OUTPUT_PATIENCE).then(() => onExit(cause));
}

/** Resolved once nothing more comes. */
function pour(stream: Readable | null, sink: Output): Promise<void> {
  if (stream === null || typeof sink !== 'object') return Promise.resolve();
  // Something that was left behind may keep its other end for ever.
  (stream as Socket).unref();
  stream.on('data', (bytes: Buffer) => sink.write(bytes));
  return new Promise((resolve) => {
    stream.on('close', () => {
      sink.end();
      resolve();
    });
  });
}

/** Append mode: the kernel puts each write at the end, whoever else writes. */
function openLog(path: string | null): number | 'ignore' {
  if (path === null) return 'ignore';
  try {
    makeFolder(dirname(path));
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw new Error(`${path}: ${logProblem(error)}`, { cause: error });
  }
}

function logProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EISDIR':
      return 'the log is a folder (EISDIR); name a file in it';
    case 'EACCES':
    case 'EROFS':
    case 'EPERM':
      return `the log cannot be written (${code}); name another file, or let this user write there`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk is too full for the log (${code}); make room, such as by "eco flush"`;
    default:
      return `the log cannot be opened: ${messageOf(error)}`;
  }
}

function exitCause(code: number | null, signal: string | null): ExitCause {
  if (signal !== null) return { type: 'signal', signal };
  return code === null ? { type: 'unknown' } : { type: 'exit-code', code };
}

function spawnError(error: unknown): ExitCause {
  return { type: 'spawn-error', message: messageOf(error) };
}
