import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { baseEnvironment, nodeProgram } from './base-environment.ts';
import { entryPoints } from './entry-points.ts';
import { ensurePrivateFolder } from './private-folder.ts';

/**
 * A daemon lives long and allocates in bursts: with the usual 16 MiB for young objects a plan of 200 apps would cost it 30 MiB for
 * good (https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib).
 */
const MEMORY_FLAGS = ['--max-semi-space-size=1'];

/** The daemon's program with its arguments. */
export function daemonCommand(): readonly [string, ...string[]] {
  return [nodeProgram(), ...MEMORY_FLAGS, entryPoints.daemon];
}

/** Whether the daemon that was started still runs, and how it ended if it does not. */
export interface StartedDaemon {
  readonly ended: () => { readonly code: number | null } | null;
}

/** Where a daemon writes what goes wrong with it. */
export function daemonLog(home: string): string {
  return join(home, 'daemon.log');
}

/**
 * Starts a daemon that outlives this process, with nothing of its environment but what every program may expect.
 * Answers what is wrong with the home instead, if it cannot be used.
 */
export function startDaemon(home: string): StartedDaemon | string {
  const problem = tooLong(home) ?? ensurePrivateFolder(home);
  if (problem !== null) return problem;
  const log = openSync(daemonLog(home), 'a', 0o600);
  try {
    const [program, ...args] = daemonCommand();
    const daemon = execa(program, args, {
      cwd: '/',
      env: { ...baseEnvironment(), ECO_HOME: home },
      extendEnv: false,
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
      stdio: ['ignore', log as 1, log as 2],
    });
    daemon.unref();
    return { ended: () => (daemon.pid === undefined || daemon.exitCode !== null ? { code: daemon.exitCode } : null) };
  } finally {
    closeSync(log);
  }
}

/** What a unix socket's path may have, in bytes: https://man7.org/linux/man-pages/man7/unix.7.html; 104 with its end on macOS. */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;
const LONGEST_SOCKET_NAME = '/run/workers.sock'.length;

function tooLong(home: string): string | null {
  const limit = LONGEST_SOCKET_PATH - LONGEST_SOCKET_NAME;
  const length = Buffer.byteLength(home);
  return length <= limit
    ? null
    : `its path has ${length} bytes, too long for the sockets in it; set ECO_HOME to one of at most ${limit}`;
}
