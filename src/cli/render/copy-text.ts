import type { Failure } from '../../domain/failure.ts';
import { formatHost, type Host } from '../../domain/host.ts';
import { unreachable } from '../../util/unreachable.ts';
import { quoted } from './quoted.ts';

type NotCopied = Extract<Failure, { reason: 'host-not-copied' }>;

export function formatCopying(from: string, host: string): string {
  return `Copying ${from} to ${host} …`;
}

export function formatCopied(files: number): string {
  if (files === 0) return 'Nothing there differs.';
  return files === 1 ? 'Copied: 1 file.' : `Copied: ${files} files.`;
}

export const SYNC_WITHOUT_HOST =
  '--sync copies the folder of the file to another machine: name it, --host ssh://user@host/folder.';
export const SYNC_OR_DRY_RUN = '--sync changes files there, and --dry-run changes nothing: leave one of them out.';

export function copyHeadline({ host, from, because }: NotCopied): string {
  return `${from} was not copied to ${formatHost(host)}: ${problemText(because)}; no app was changed`;
}

function problemText(because: NotCopied['because']): string {
  switch (because.type) {
    case 'no-folder':
      return 'it is not said into which folder there';
    case 'too-much':
      return `${because.folder} is no folder for one project alone, and what is only there would be deleted`;
    case 'not-ours':
      return `${because.folder} there holds files that were not copied into it, and they would be deleted`;
    case 'not-made':
      return `${because.folder} there cannot be used: ${because.problem}`;
    case 'no-rsync-here':
      return 'there is no rsync here';
    case 'no-rsync-there':
      return 'there is no rsync there';
    case 'rsync':
      return `rsync ended with ${because.exitCode ?? 'a signal'}, perhaps after some of the files`;
    default:
      return unreachable(because);
  }
}

export function copyAdvice({ host, because }: NotCopied): readonly string[] {
  switch (because.type) {
    case 'no-folder':
    case 'too-much':
      return [
        `Name a folder for it: --host ${formatHost({ ...host, folder: null })}/srv/shop, or --remote-cwd /srv/shop`,
      ];
    case 'not-ours':
      return [`If nobody misses them: ${login(host)} touch ${quoted(quoted(`${because.folder}/${because.mark}`))}`];
    case 'not-made':
      return ['Mend it there, or name another: --remote-cwd /srv/shop'];
    case 'no-rsync-here':
      return ['Install it (Debian: apt install rsync)'];
    case 'no-rsync-there':
      return [`Install it there (Debian): ${login(host)} sudo apt install rsync`];
    case 'rsync':
      return because.output.map((line) => `rsync: ${line}`);
    default:
      return unreachable(because);
  }
}

/** How a shell there is reached by hand. */
export function login({ user, name, port }: Host): string {
  const at = quoted(user === null ? name : `${user}@${name}`);
  return ['ssh', ...(port === null ? [] : ['-p', String(port)]), at].join(' ');
}
