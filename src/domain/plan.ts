import type { AppSpec, DependencyCondition, ReusePortSupport } from './app-spec.ts';
import type { AppName, ProjectName } from './names.ts';
import type { Actor } from './observed-state.ts';
import type { Timestamp } from './time.ts';

/** What one apply would do, as data. The executor only orders it; `formatPlan` is what people and tests read. */
export interface Plan {
  readonly project: ProjectName;
  readonly file: string;
  /** The project's serial that this plan was made from; an apply that changes something makes it one more. */
  readonly serial: number;
  /** Which history the serial counts in; null where there is none yet. */
  readonly lineage: string | null;
  readonly drift: readonly Drift[];
  /** What the file asks for and this machine's daemon cannot do, whatever the steps; by app name. */
  readonly notices: readonly Notice[];
  /** Every step comes after the steps it needs; otherwise by app name. */
  readonly steps: readonly Step[];
  readonly unchanged: number;
}

export interface Step {
  /** Unique within the plan: the app's name. */
  readonly id: string;
  readonly app: AppName;
  readonly action: Action;
  /** Why, in words: `not running`, `no longer in ecosystem.yaml`, `2 fields changed`. */
  readonly cause: string;
  /** Asked for by the file, or the code, as they are now; else only by what became of the app since the last apply. */
  readonly fromFile: boolean;
  readonly fields: readonly FieldChange[];
  readonly needs: readonly Need[];
}

/** A step starts only after the steps that it needs have succeeded; a step whose need did not is skipped. */
export interface Need {
  readonly step: string;
  readonly condition: DependencyCondition | 'deleted';
}

/** One request to the daemon. */
export type Action =
  /** `movedFrom`: the app has run under that name, which it gives up. */
  | { readonly type: 'start'; readonly spec: AppSpec; readonly movedFrom?: AppName }
  | { readonly type: 'scale'; readonly spec: AppSpec; readonly from: number; readonly to: number }
  /** Rolling: a successor is ready before an old worker goes. */
  | { readonly type: 'reload'; readonly spec: AppSpec }
  /** With downtime: every old worker goes before the first new one starts. */
  | { readonly type: 'replace'; readonly spec: AppSpec; readonly because: string }
  /** Settings that touch no process. */
  | { readonly type: 'update'; readonly spec: AppSpec }
  | { readonly type: 'delete'; readonly workers: number }
  | { readonly type: 'stop'; readonly workers: number };

export type ActionType = Action['type'];

export interface FieldChange {
  /** As in the file: `env.LOG_LEVEL`, `instances`, `code`. */
  readonly path: string;
  /** Masked where `sensitive`; undefined is written as null. */
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly sensitive: boolean;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** `balance: reuseport` where there are no such sockets: the workers share one. `node` runs the daemon: `v20.19.0`. */
export interface Notice {
  readonly app: AppName;
  readonly reason: Exclude<ReusePortSupport, 'supported'>;
  readonly node: string;
}

/** What differs from the last apply although the file did not ask for it. */
export interface Drift {
  readonly app: AppName;
  /** As in the file (`instances`), or `workers` for processes that are gone or failing. */
  readonly path: string;
  readonly expected: JsonValue;
  readonly actual: JsonValue;
  /** Why: `scaled by hand`, `stopped by hand`, `1 of 4 workers is backing off: exit code 1`. */
  readonly cause: string;
  readonly by: Actor | null;
  readonly at: Timestamp | null;
}
