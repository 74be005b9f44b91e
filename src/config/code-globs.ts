import { relative, resolve } from 'node:path';
import { fileKind } from '../platform/files.ts';
import { listAllFiles } from './code-files.ts';

/** Whether an absolute path is meant by one of the patterns. */
export type PathMatcher = (path: string) => boolean;

/** Patterns are relative to `cwd`; the name of a folder means all that is in it. */
export async function matcherOf(patterns: readonly string[], cwd: string): Promise<PathMatcher> {
  if (patterns.length === 0) return () => false;
  const { default: picomatch } = await import('picomatch');
  const matches = patterns.flatMap((pattern) => {
    const plain = relative(cwd, resolve(cwd, pattern));
    return [plain, plain === '' ? '**' : `${plain}/**`].map((glob) => picomatch(glob, { dot: true }));
  });
  return (path) => {
    const name = relative(cwd, path);
    return matches.some((match) => match(name));
  };
}

/** The files that the patterns mean, whatever they are; packages and git's own files only where a pattern leads into them. */
export async function filesMatching(patterns: readonly string[], cwd: string): Promise<readonly string[]> {
  const { default: picomatch } = await import('picomatch');
  const isMeant = await matcherOf(patterns, cwd);
  const bases = new Set(patterns.map((pattern) => resolve(cwd, picomatch.scan(pattern).base)));
  const found = [...bases].flatMap((base) => (fileKind(base) === 'file' ? [base] : listAllFiles(base)));
  return [...new Set(found)].filter(isMeant);
}
