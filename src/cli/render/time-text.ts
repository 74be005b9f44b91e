import type { Timestamp } from '../../domain/time.ts';

/** `2026-08-20 14:02 UTC` */
export function formatMinute(at: Timestamp): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `2026-08-20 14:02:31 UTC` */
export function formatSecond(at: Timestamp): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
