import { resolve } from 'node:path';
import { fileKind } from '../platform/files.ts';
import { matcherOf } from '../platform/path-matcher.ts';
import { listAllFiles } from './code-files.ts';

/** The files that the patterns mean, whatever they are; packages and git's own files only where a pattern leads into them. */
export async function filesMatching(patterns: readonly string[], cwd: string): Promise<readonly string[]> {
  const { default: picomatch } = await import('picomatch');
  const isMeant = await matcherOf(patterns, cwd);
  const bases = new Set(patterns.map((pattern) => resolve(cwd, picomatch.scan(pattern).base)));
  const found = [...bases].flatMap((base) => (fileKind(base) === 'file' ? [base] : listAllFiles(base)));
  return [...new Set(found)].filter(isMeant);
}
