import type { CodeRevision } from './revision.ts';
import type { AppName, ProjectName } from './names.ts';

/** The first key of the document: by it a file is known as a saved plan, even one that is cut off. */
export const SAVED_PLAN_MARKER = 'eco_plan';
/** The major number changes when a reader of the former documents would go wrong. */
export const SAVED_PLAN_FORMAT = '1.0';
/** How much of a file is needed to tell. */
export const SAVED_PLAN_HEAD = 64;

export function isSavedPlan(text: string): boolean {
  return new RegExp(`^\\s*\\{\\s*"${SAVED_PLAN_MARKER}"`).test(text.slice(0, SAVED_PLAN_HEAD));
}

/**
 * What somebody approved, as `eco plan --out` writes it: enough to tell that an apply does exactly that, and no value of a setting.
 * The values come from the ecosystem file again when it is applied.
 */
export interface SavedPlan {
  readonly eco_version: string;
  readonly host: string;
  /** ECO_HOME there. */
  readonly home: string;
  readonly project: ProjectName;
  readonly origin: string;
  /** Of the project on that host; null where nothing of it was ever applied. */
  readonly lineage: string | null;
  readonly serial: number;
  /** How the plan was asked for. */
  readonly asked: AskedFor;
  readonly salt: string;
  /** By name; those that the plan is about. */
  readonly apps: Readonly<Record<AppName, AppFingerprint>>;
  /** The steps, as `eco plan --json` has them. */
  readonly changes: readonly unknown[];
}

/** The file, and the flags that change a plan. */
export interface AskedFor {
  readonly file: string;
  readonly env: string | null;
  /** Instead of the project that the file names. */
  readonly project: ProjectName | null;
  readonly revision: string | null;
  readonly only: readonly AppName[] | null;
  readonly prune: boolean;
  readonly force: boolean;
  readonly allow_empty: boolean;
  readonly take_ownership: boolean;
}

/** Salted digests by the keys of a file: `instances`, `env.PORT`. */
export interface AppFingerprint {
  readonly code: CodeRevision;
  readonly fields: Readonly<Record<string, string>>;
  /** Slow to try out values against. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Why a saved plan is not what an apply would do now. */
export type PlanDifference =
  | { readonly what: 'eco-version'; readonly planned: string; readonly present: string }
  | { readonly what: 'host'; readonly planned: string; readonly present: string }
  | { readonly what: 'project'; readonly planned: string; readonly present: string }
  | { readonly what: 'lineage' }
  | { readonly what: 'serial'; readonly planned: number; readonly present: number }
  | { readonly what: 'code'; readonly app: AppName }
  | { readonly what: 'secret'; readonly app: AppName; readonly path: string }
  /** `path` is null where the app itself came or went. */
  | { readonly what: 'file'; readonly app: AppName; readonly path: string | null }
  /** What runs is not what ran. */
  | { readonly what: 'state'; readonly app: AppName };
