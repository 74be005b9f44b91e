import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { fileKind, isExecutableFile, readHead } from '../platform/files.ts';
import { foldersUpward } from '../platform/folders-upward.ts';

/** Where programs are looked for. */
export interface ProgramPlace {
  /** The working folder of the app. */
  readonly cwd: string;
  /** PATH, of which relative folders are left out. */
  readonly searchPath: string;
}

/** A command by its bare name; the absolute path of its file. */
export function findInPath(command: string, { searchPath }: ProgramPlace): string | null {
  const folders = searchPath.split(':').filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, command)).find(isExecutableFile) ?? null;
}

/** A command of an installed package, from `cwd` upward; with the folder that holds it. */
export function findBin(name: string, cwd: string): { readonly path: string; readonly folder: string } | null {
  if (!/^[\w@.-]+$/.test(name)) return null;
  const folders = foldersUpward(cwd).map((folder) => join(folder, 'node_modules/.bin'));
  const folder = folders.find((candidate) => isExecutableFile(join(candidate, name)));
  return folder === undefined ? null : { path: join(folder, name), folder };
}

/** Whether `import` of that package works in `cwd`. */
export function hasPackage(name: string, cwd: string): boolean {
  return foldersUpward(cwd).some(
    (folder) => fileKind(resolve(folder, 'node_modules', name, 'package.json')) === 'file',
  );
}

/** What a command in `node_modules/.bin` is to run, where pnpm has put a shell script in place of a link. */
export interface PnpmCommand {
  readonly script: string;
  /** As pnpm's script sets it, so that the command finds its own dependencies. */
  readonly nodePath: string | null;
}

/** null: the file is no such script, or gives Node options. */
export function pnpmCommand(path: string): PnpmCommand | null {
  if (!path.includes('/node_modules/.bin/')) return null;
  const text = readHead(path, LARGEST_PNPM_SCRIPT);
  const target = /^ {2}exec node {2}"\$basedir\/([^"$`\\]+)" "\$@"$/m.exec(text)?.[1];
  const script = target === undefined ? null : resolve(dirname(path), target);
  if (script === null || fileKind(script) !== 'file') return null;
  return { script, nodePath: /^ {2}export NODE_PATH="([^"$`\\]+)"$/m.exec(text)?.[1] ?? null };
}

const LARGEST_PNPM_SCRIPT = 16_384;

const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
};

/** What kind of program a file is, by its name, else by how it begins. */
export type ProgramKind =
  | { readonly type: 'node' }
  | { readonly type: 'typescript' }
  | { readonly type: 'interpreted'; readonly by: string }
  | { readonly type: 'executable' };

export function programKind(path: string): ProgramKind {
  const extension = extname(path).toLowerCase();
  if (['.js', '.cjs', '.mjs'].includes(extension)) return { type: 'node' };
  if (['.ts', '.cts', '.mts', '.tsx'].includes(extension)) return { type: 'typescript' };
  const by = BY_EXTENSION[extension];
  if (by !== undefined) return { type: 'interpreted', by };
  const shebang = /^#!\s*(\S+)(?:[ \t]+(.*))?/.exec(readHead(path, 200));
  if (shebang !== null) return isNodeShebang(shebang) ? { type: 'node' } : { type: 'executable' };
  // A text without a shebang that may not be executed can only be meant for Node, as PM2 has it.
  return isExecutableFile(path) ? { type: 'executable' } : { type: 'node' };
}

function isNodeShebang([, program = '', rest = '']: RegExpExecArray): boolean {
  if (/(^|\/)node(js)?$/.test(program)) return true;
  return /(^|\/)env$/.test(program) && /^(-S\s+)?node(js)?(\s|$)/.test(rest.trim());
}
