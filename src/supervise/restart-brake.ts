import { seconds, type Instant, type Milliseconds } from '../domain/time.ts';

/** Of one app: so many restarts because of changed files in so short a time are a circle, most often a file that it writes itself. */
export const BRAKE: { readonly restarts: number; readonly within: Milliseconds } = {
  restarts: 10,
  within: seconds(60),
};

/** When it was restarted because of a change, as far as that still counts; oldest first. */
export type RecentRestarts = readonly Instant[];

/** null: one restart more would be too many. */
export function withRestart(recent: RecentRestarts, now: Instant): RecentRestarts | null {
  const counted = recent.filter((at) => at > now - BRAKE.within);
  return counted.length >= BRAKE.restarts ? null : [...counted, now];
}
