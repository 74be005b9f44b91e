import type { Origin } from '../domain/desired-state.ts';
import type { AppEnv } from './read-env.ts';
import type { SourceDocument, SourcePath } from './source.ts';

/**
 * An ecosystem as far as it can be told without the machine that it is for: read, run and interpolated on the machine of whoever
 * asks for it, with the variables that come from there. Plain JSON.
 */
export interface GivenEcosystem {
  /** The first is the ecosystem file. Absolute paths of the machine where they were read. */
  readonly files: readonly GivenFile[];
  /** What `~` is there. */
  readonly homeFolder: string;
  readonly project: string;
  /** null: there is no git there to tell. */
  readonly origin: Extract<Origin, { type: 'git' }> | null;
  /** By `placeKey` of the app. */
  readonly envs: Readonly<Record<string, GivenEnv>>;
}

export interface GivenFile {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** How the places of its values are found in the text. */
  readonly syntax: 'yaml' | 'json' | 'module';
  readonly root: SourcePath;
}

export interface GivenEnv {
  readonly env: AppEnv['env'];
  readonly fromFiles: readonly string[];
}

export function givenFile({ file, text, value, positions, root }: SourceDocument): GivenFile {
  const syntax = positions === null ? 'module' : /\.ya?ml$/i.test(file) ? 'yaml' : 'json';
  return { file, text, value, syntax, root };
}

export function placeKey(path: SourcePath): string {
  return JSON.stringify(path);
}
