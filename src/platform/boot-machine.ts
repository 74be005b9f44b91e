import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { entryPoints } from './entry-points.ts';
import { nodeProgram } from './base-environment.ts';
import { daemonCommand } from './start-daemon.ts';
import { messageOf } from '../util/message-of.ts';

/** What the machine's own service manager is told, and told with. */
export const bootMachine = {
  /** `linux`, `darwin` … */
  platform: process.platform as string,
  uid: process.getuid?.() ?? 0,
  daemonCommand,
  /** The words before `startup` that run this very eco. */
  cliCommand: (): readonly string[] => [nodeProgram(), entryPoints.cli],

  /** The folder of a user, by the system's own list; null if it knows none of that name. */
  homeOf: async (user: string): Promise<string | null> => {
    if (!USER_NAME.test(user)) return null;
    const { stdout } = await execa('sh', ['-c', `echo ~${user}`], { reject: false, stdin: 'ignore' });
    return stdout?.startsWith('/') ? stdout : null;
  },

  ownHome: homedir,

  configFolder: (userHome: string): string => process.env.XDG_CONFIG_HOME || join(userHome, '.config'),

  /** null if there is no such file. */
  read: (path: string): string | null => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  },

  /** Answers what went wrong, or null. */
  write: (path: string, text: string): string | null =>
    attempt(() => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.tmp`, text, { mode: 0o644 });
      renameSync(`${path}.tmp`, path);
    }),

  /** Answers what went wrong, or null. */
  remove: (path: string): string | null => attempt(() => rmSync(path, { force: true })),

  /** Answers what the program says went wrong, or null. */
  run: async ([program = '', ...args]: readonly string[]): Promise<string | null> => {
    const { exitCode, stderr, shortMessage } = await execa(program, args, { reject: false, stdin: 'ignore' });
    return exitCode === 0 ? null : stderr || shortMessage || `exit code ${exitCode}`;
  },
} as const;

export type BootMachine = typeof bootMachine;

/** What useradd(8) takes, and what is safe in a command and in a unit. */
const USER_NAME = /^[a-z_][a-z0-9_.-]*$/i;

function attempt(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
