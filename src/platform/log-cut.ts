import { readSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { execa } from 'execa';

/**
 * How the beginning of a file goes while others write to its end, best first. `collapse`: what follows moves to the front
 * (ext4, xfs). `punch`: its blocks are freed, the file keeps its length (tmpfs, btrfs). `truncate`: the file becomes
 * empty; a line that is written between the last look and that moment is lost.
 */
export const CUT_METHODS = ['collapse', 'punch', 'truncate'] as const;
export type CutMethod = (typeof CUT_METHODS)[number];

const TOKEN_LENGTH = 32;

/** What stands at the beginning of a file as long as that is still to go. Like nothing that a program would write. */
export function newToken(): string {
  return `eco-cut:${randomBytes(12).toString('hex')}`;
}

export async function writeToken(path: string, token: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(token, 0, 'latin1');
    await file.datasync();
  } finally {
    await file.close();
  }
}

export function hasToken(fd: number, token: string): boolean {
  const head = Buffer.alloc(TOKEN_LENGTH);
  return readSync(fd, head, 0, TOKEN_LENGTH, 0) === TOKEN_LENGTH && head.toString('latin1') === token;
}

/** What is less than a block cannot be taken out of a file: nobody shall find it there as well. */
export async function blankOut(
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  if (to <= from) return;
  const file = await open(path, 'r+');
  try {
    await file.write(`${' '.repeat(to - from - 1)}\n`, from, 'latin1');
  } finally {
    await file.close();
  }
}

/** In whole blocks of this many bytes. */
export function blockSize(path: string): number {
  return statfsSync(path).bsize;
}

/**
 * Moves what follows the first `bytes` to the front; nothing if the token is gone, for then that has been done. Looking
 * and doing happen under a lock: a process that a dead daemon left behind may be about to do the same.
 */
export async function collapseHead(
  path: string,
  bytes: number,
  { token }: { readonly token: string },
): Promise<boolean> {
  return succeeds('flock', ['-x', path, 'sh', '-c', COLLAPSE, 'eco', path, token, String(bytes)]);
}

const COLLAPSE = `[ "$(head -c ${TOKEN_LENGTH} "$1" 2>/dev/null)" = "$2" ] || exit 0; exec fallocate -c -o 0 -l "$3" "$1"`;

/** Frees the first `bytes`. To do it twice is to do it once. */
export async function punchHead(path: string, bytes: number): Promise<boolean> {
  return succeeds('fallocate', ['-p', '-o', '0', '-l', String(bytes), path]);
}

/**
 * Node has no binding of fallocate(2); util-linux has a program. It finishes what it began if the daemon dies. False if it
 * cannot be done here at all; throws if it failed this time.
 */
async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  const result = await execa(command, args, {
    stdin: 'ignore',
    stdout: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
    cleanup: false,
  });
  if (!result.failed) return true;
  if (result.code === 'ENOENT' || NEVER.test(result.stderr) || result.exitCode === COMMAND_NOT_FOUND) return false;
  throw new Error(result.stderr.trim() || result.shortMessage);
}

/** What the file system, or a smaller fallocate than that of util-linux, says. */
const NEVER = /not supported|invalid argument|(unrecognized|unknown|invalid) option/i;
const COMMAND_NOT_FOUND = 127;
