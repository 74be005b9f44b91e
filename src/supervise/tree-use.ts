import type { Instant, Milliseconds } from '../domain/time.ts';
import type { ExitCause } from '../domain/worker-state.ts';

/** What one process of a worker uses. */
export interface MemberUse {
  readonly pid: number;
  readonly memoryBytes: number;
  /** CPU time used so far. */
  readonly cpuMs: Milliseconds;
}

/** What the processes of a worker use together, by the last sample. */
export interface TreeUse {
  readonly at: Instant;
  readonly memoryBytes: number;
  /** Of one CPU, since the sample before, or since its start if this is the first; null where that says nothing yet. */
  readonly cpuPercent: number | null;
  /** By pid, for the next sample. */
  readonly cpuMs: ReadonlyMap<number, Milliseconds>;
  /** Since when each sample was above the limit of memory; null: the last one was not. */
  readonly aboveSince: Instant | null;
}

export interface SampleContext {
  readonly now: Instant;
  /** How long the worker's process has been there. */
  readonly runningFor: Milliseconds;
  /** `max_memory_restart` in bytes; null: none. */
  readonly limit: number | null;
}

/** Between two samples that both must be above the limit: a moment's need is no leak. */
const MEMORY_SPAN: Milliseconds = 900;
/** The kernel counts CPU time in steps of 10 ms. */
const SHORTEST_SPAN: Milliseconds = 200;

export function nextUse(before: TreeUse | null, members: readonly MemberUse[], context: SampleContext): TreeUse {
  const { now, limit } = context;
  const memoryBytes = members.reduce((sum, member) => sum + member.memoryBytes, 0);
  const above = limit !== null && memoryBytes > limit;
  return {
    at: now,
    memoryBytes,
    cpuPercent: cpuPercent(before, members, context),
    cpuMs: new Map(members.map(({ pid, cpuMs }) => [pid, cpuMs])),
    aboveSince: above ? (before?.aboveSince ?? now) : null,
  };
}

/** null: it may stay. */
export function overMemory({ at, aboveSince, memoryBytes }: TreeUse, limit: number | null): ExitCause | null {
  const over = limit !== null && aboveSince !== null && at - aboveSince >= MEMORY_SPAN;
  return over ? { type: 'over-memory', memoryBytes, limit } : null;
}

/** Process by process, for what one has used goes with it when it ends. */
function cpuPercent(
  before: TreeUse | null,
  members: readonly MemberUse[],
  { now, runningFor }: SampleContext,
): number | null {
  const span = before === null ? runningFor : now - before.at;
  if (span < SHORTEST_SPAN) return before?.cpuPercent ?? null;
  const used = members.reduce((sum, { pid, cpuMs }) => sum + Math.max(0, cpuMs - (before?.cpuMs.get(pid) ?? 0)), 0);
  return Math.round((1000 * used) / span) / 10;
}
