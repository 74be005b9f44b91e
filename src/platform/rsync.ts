export interface CopyRequest {
  /** Absolute; what is in it is copied. */
  readonly from: string;
  readonly to: { readonly user: string | null; readonly name: string; readonly folder: string };
  /** The words that begin a call of ssh. */
  readonly ssh: readonly string[];
  /** Of the folder there: it stays. */
  readonly keep: string;
}

export type CopyOutcome =
  /** So many files are new or other than they were. */
  | { readonly type: 'copied'; readonly files: number }
  | { readonly type: 'not-here' }
  | { readonly type: 'failed'; readonly exitCode: number | null; readonly output: readonly string[] };

const MOST_LINES = 20;

/**
 * Makes a folder on another machine the same as one here, `.git` and what its `.rsync-filter` files say aside. Files take their
 * new form one right after the other at the end, for programs run from there.
 */
export async function copyFolder({ from, to, ssh, keep }: CopyRequest): Promise<CopyOutcome> {
  const name = to.name.includes(':') ? `[${to.name}]` : to.name;
  const target = `${to.user === null ? '' : `${to.user}@`}${name}:${to.folder}/`;
  const args = [
    '--archive',
    '--no-owner',
    '--no-group',
    '--delete-delay',
    '--delay-updates',
    '--protect-args',
    '--out-format=%n',
    '-F',
    '--exclude=.git',
    `--exclude=/${keep}`,
    `--rsh=${ssh.map(quotedForRsync).join(' ')}`,
    '--',
    `${from}/`,
    target,
  ];
  const { execa } = await import('execa');
  const result = await execa('rsync', args, { reject: false, stdin: 'ignore' });
  if (result.code === 'ENOENT') return { type: 'not-here' };
  if (result.exitCode !== 0) {
    const lines = result.stderr.split('\n').filter((line) => line.trim() !== '');
    return { type: 'failed', exitCode: result.exitCode ?? null, output: lines.slice(-MOST_LINES) };
  }
  const files = result.stdout.split('\n').filter((line) => line !== '' && !line.endsWith('/'));
  return { type: 'copied', files: files.length };
}

/** rsync splits the words itself, and takes two quotes within quotes for one (rsync(1), --rsh). */
function quotedForRsync(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`;
}
