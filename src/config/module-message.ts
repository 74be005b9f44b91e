import type { ExtentProblem } from './extent.ts';
import type { SourcePath } from './source.ts';

/** What is asked of the thread that runs configuration modules. */
export interface ModuleQuestion {
  readonly file: string;
  /** Both are what a module that exports a function is called with. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type ModuleAnswer = ModuleOutcome & {
  /** The CommonJS modules that it loaded, packages aside. */
  readonly required: readonly string[];
};

export type ModuleOutcome =
  | { readonly type: 'value'; readonly value: unknown; readonly uncopied: readonly Uncopied[] }
  | { readonly type: 'unusable'; readonly problem: ExtentProblem };

/** What no thread can give to another; null stands in its place. */
export interface Uncopied {
  readonly path: SourcePath;
  readonly type: 'function' | 'symbol';
}
