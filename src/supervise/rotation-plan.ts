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
  /** The most that was added to it during one of its last rotations. */
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
export function planRotation(growth: LogGrowth, rotation: LogRotation): RotationPlan | null {
  const { held } = growth;
  const { maxSize, keep } = rotation;
  if (held <= maxSize) return null;
  const parts = Math.floor(held / maxSize);
  const room = roomForArchives(growth, rotation);
  const archived = Math.min(parts, keep, Math.max(1, room));
  const kept = Math.max(0, Math.min(keep - archived, room - archived));
  return { dropped: Math.max(0, parts - keep), archived, kept };
}

/** How many archives, parts that are being copied among them, may be beside a file that holds so much. */
export function roomForArchives({ held, during }: LogGrowth, { maxSize, keep }: LogRotation): number {
  const margin = Math.max(LEAST_MARGIN, (CAUTION * during) / maxSize);
  return Math.max(0, Math.floor(keep + 2 - margin - held / maxSize));
}

/** How often a file is looked at that grows: a busy program writes a few megabytes in this time. */
const GROWING_INTERVAL: Milliseconds = 50;

/** How often it is looked at whether something fills the disk, which is one look however many files there are. */
const ALARM_INTERVAL: Milliseconds = 250;

/** One file's look, of which all take about a thousandth of a CPU at rest, and a twentieth while the disk is being filled. */
const LOOK: Milliseconds = 0.015;

/** How often all files are looked at. */
export function restingInterval(files: number): Milliseconds {
  return files === 0 ? seconds(1) : Math.min(seconds(10), Math.max(2 * GROWING_INTERVAL, 1000 * LOOK * files));
}

/** How often anything is looked at. */
export function lookInterval({ files, growing }: { readonly files: number; readonly growing: number }): Milliseconds {
  if (growing > 0) return GROWING_INTERVAL;
  return files === 0 ? restingInterval(0) : Math.min(ALARM_INTERVAL, restingInterval(files));
}

/** How often all are while something fills the disk, which may be one of them. */
export function alarmedInterval(files: number): Milliseconds {
  return Math.max(2 * GROWING_INTERVAL, 20 * LOOK * files);
}

const LEAST_ALARMING = 1 << 20;

/** So many bytes less on a disk may be a file that is about to be full. */
export function alarmingLoss(rotations: readonly LogRotation[]): number {
  return Math.max(LEAST_ALARMING, Math.min(...rotations.map(({ maxSize }) => maxSize)) / 4);
}

/** It may be full before all files are looked at again. */
export function growsFast(grown: number, { maxSize }: LogRotation): boolean {
  return grown > maxSize / 64;
}
