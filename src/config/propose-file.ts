import { join } from 'node:path';
import { fileKind, readTextIfPresent } from '../platform/files.ts';
import { defaultProject } from './identify-project.ts';
import { isRecord } from './source.ts';
import { parseManifest } from './unwrap.ts';

/** What a new ecosystem file can begin with, as far as the folder tells. */
export interface Proposal {
  readonly project: string;
  readonly app: string;
  /** null: nothing says what is to be run. */
  readonly script: string | null;
  /** Other scripts of the package that may be apps or tasks of their own. */
  readonly others: readonly string[];
  readonly hasEnvFile: boolean;
}

const LARGEST_PACKAGE_JSON = 1024 * 1024;
const ENTRIES = [
  'dist/server.js',
  'dist/main.js',
  'dist/index.js',
  'server.js',
  'app.js',
  'main.js',
  'index.js',
  'src/server.js',
  'src/index.js',
];
const RUNNERS = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
] as const;
/** Scripts whose name says that they serve or work, or that they run once before. */
const WORKERS = /^(worker|workers|queue|jobs?|consumer|scheduler|cron)(:|$)/;
const TASKS = /^(migrate|migration|migrations|seed|db:migrate|prisma:deploy)(:|$)/;

export function proposeFile(folder: string): Proposal {
  const manifest = parseManifest(readTextIfPresent(join(folder, 'package.json'), LARGEST_PACKAGE_JSON)) ?? {};
  const scripts = isRecord(manifest['scripts']) ? Object.keys(manifest['scripts']) : [];
  const runner = RUNNERS.find(([lockfile]) => fileKind(join(folder, lockfile)) === 'file')?.[1] ?? 'npm';
  const start = ['start:prod', 'start:production', 'start', 'serve'].find((name) => scripts.includes(name));
  const main = typeof manifest['main'] === 'string' ? [manifest['main'].replace(/^\.\//, '')] : [];
  const entry = [...main, ...ENTRIES].find((path) => fileKind(join(folder, path)) === 'file');
  const project = defaultProject(folder);
  const started = start === undefined ? null : start === 'start' ? `${runner} start` : `${runner} run ${start}`;
  return {
    project,
    app: scripts.some((name) => WORKERS.test(name)) ? 'web' : (project.split('/').at(-1) ?? project),
    script: started ?? (entry === undefined ? null : `./${entry}`),
    others: scripts.filter((name) => WORKERS.test(name) || TASKS.test(name)).map((name) => `${runner} run ${name}`),
    hasEnvFile: fileKind(join(folder, '.env')) === 'file',
  };
}

export function isTask(script: string): boolean {
  return TASKS.test(script.split(' ').at(-1) ?? '');
}
