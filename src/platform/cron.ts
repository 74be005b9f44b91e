import type { Times } from '../domain/app-spec.ts';
import type { Timestamp } from '../domain/time.ts';

/** The first moment after `from` that the times name; null if there is none. They have been found to be times. */
export async function nextTime({ cron, timezone }: Times, from: Timestamp): Promise<Timestamp | null> {
  const { Cron } = await import('croner');
  return new Cron(cron, cronOptions(timezone)).nextRun(new Date(from))?.getTime() ?? null;
}

/** How every expression is read. Steps from a number on (`1/3`) are what Quartz has, and people write. */
export function cronOptions(timezone: string | null) {
  return { paused: true, sloppyRanges: true, ...(timezone === null ? {} : { timezone }) } as const;
}
