import { relative, resolve } from 'node:path';

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
