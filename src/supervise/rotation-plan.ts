import type { LogRotation } from '../domain/app-spec.ts';
import { seconds, type Milliseconds } from '../domain/time.ts';

/** What a log file that holds so much gives up, from its beginning on; each part is `maxSize` long, but for its last line. */
export interface RotationPlan {
  /** Parts that would be older than the oldest archive that stays: they are not even copied. */
  readonly dropped: number;
  /** Parts that become archives: as many as there is room for before their place in the file is free. */
  readonly archived: number;
  /** How many older archives may stay meanwhile. */
  readonly kept: number;
}

export interface LogGrowth {
  /** Bytes of the file that no archive has. */
  readonly held: number;
  /** What was added to it during its last rotation. */
  readonly during: number;
}

/** Of `maxSize`: what a program may at least write while the parts are copied. */
const LEAST_MARGIN = 0.5;
/** The disk may be slower this time. */
const CAUTION = 1.5;

/**
 * null: nothing. File, archives and copy together stay within `keep + 2` times `maxSize`: a file that grows faster than it
 * is looked at, or rotated, costs an archive before its time.
 */
export function planRotation({ held, during }: LogGrowth, { maxSize, keep }: LogRotation): RotationPlan | null {
  if (held <= maxSize) return null;
  const parts = Math.floor(held / maxSize);
  const margin = Math.max(LEAST_MARGIN, (CAUTION * during) / maxSize);
  const room = Math.max(0, Math.floor(keep + 2 - margin - held / maxSize));
  const archived = Math.min(parts, keep, Math.max(1, room));
  const kept = Math.max(0, Math.min(keep - archived, room - archived));
  return { dropped: Math.max(0, parts - keep), archived, kept };
}

/** How often a file is looked at that grows: a busy program writes a few megabytes in this time. */
export const GROWING_INTERVAL: Milliseconds = 50;

/** How often all files are looked at: one look takes about 15 µs, so that all of them take about a thousandth of a CPU. */
export function restingInterval(files: number): Milliseconds {
  if (files === 0) return seconds(1);
  return Math.min(10_000, Math.max(2 * GROWING_INTERVAL, 15 * files));
}

/** It may be full before all files are looked at again. */
export function growsFast(grown: number, { maxSize }: LogRotation): boolean {
  return grown > maxSize / 64;
}
