import { dirname, join, resolve } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { homeFolder } from '../platform/files.ts';
import { foldersUpward, repositoryRoot } from '../platform/folders-upward.ts';
import { wholeFile } from './locate.ts';

/** In this order within a folder; a nearer folder comes before a farther one. */
export const SEARCH_PLACES = [
  ...['yaml', 'yml', 'json', 'jsonc', 'json5', 'js', 'cjs', 'mjs', 'ts'].map((type) => `ecosystem.${type}`),
  ...['js', 'cjs', 'mjs', 'ts', 'json', 'yaml', 'yml'].map((type) => `ecosystem.config.${type}`),
  ...['js', 'cjs', 'mjs', 'json'].map((type) => `pm2.config.${type}`),
  ...['json', 'yml', 'yaml'].map((type) => `pm2.${type}`),
  ...['json', 'yml', 'yaml'].map((type) => `process.${type}`),
  'processes.json',
  'process.config.js',
  'package.json',
];

/** The absolute path of the ecosystem file: the one that was named, or the nearest one upward. */
export async function findFile(file: string | undefined, cwd: string): Promise<Result<string, Diagnostic>> {
  if (file !== undefined) return ok(resolve(cwd, expandHome(file)));
  try {
    const found = await searchUpward(cwd);
    return found === null ? err(nothingFound(cwd)) : ok(found);
  } catch (error) {
    // cosmiconfig reads settings of its own in the current folder, package.json among them, and throws if they are broken.
    return err(searchFailed(cwd, error));
  }
}

export function expandHome(path: string, home: string = homeFolder()): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

async function searchUpward(cwd: string): Promise<string | null> {
  const { cosmiconfig } = await import('cosmiconfig');
  const found = (path: string): { readonly path: string } => ({ path });
  // Only looks; reading, with positions and limits, is the business of the next stages.
  const loaders = Object.fromEntries(
    ['.yaml', '.yml', '.jsonc', '.json5', '.js', '.cjs', '.mjs', '.ts'].map((extension) => [extension, found]),
  );
  const explorer = cosmiconfig('eco', {
    searchPlaces: SEARCH_PLACES,
    // Outside a repository nothing says where the project ends: only the folder itself is searched.
    searchStrategy: 'global',
    stopDir: repositoryRoot(cwd) ?? cwd,
    ignoreEmptySearchPlaces: false,
    cache: false,
    loaders: {
      ...loaders,
      '.json': (path, content) => (path.endsWith('/package.json') ? ecoOf(content) : found(path)),
    },
  });
  const result = await explorer.search(cwd);
  // cosmiconfig ends its search in a folder for user settings, which is no place for an ecosystem file.
  const inReach = result !== null && foldersUpward(resolve(cwd)).includes(dirname(result.filepath));
  return inReach && !(result.isEmpty === true && result.filepath.endsWith('/package.json')) ? result.filepath : null;
}

/** A broken package.json is somebody else's to report. */
function ecoOf(content: string): object {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && 'eco' in value ? value : {};
  } catch {
    return {};
  }
}

function searchFailed(cwd: string, error: unknown): Diagnostic {
  const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return {
    code: 'ECO1009',
    severity: 'error',
    message: `the search for an ecosystem file failed: ${reason}`,
    hint: 'mend that file, or name the ecosystem file: eco apply path/to/ecosystem.yaml',
    location: wholeFile(cwd),
    related: [],
  };
}

function nothingFound(cwd: string): Diagnostic {
  return {
    code: 'ECO1001',
    severity: 'error',
    message: 'no ecosystem file here, nor in the folders above up to the repository root',
    hint: 'write an ecosystem.yaml, or name the file: eco apply path/to/ecosystem.yaml',
    location: wholeFile(cwd),
    related: [],
  };
}
