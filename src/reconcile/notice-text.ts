import type { Notice } from '../domain/plan.ts';
import { unreachable } from '../util/unreachable.ts';

/** What the machine cannot do, and what it does instead. */
export function noticeText({ reason, node }: Notice): string {
  const outcome = 'its workers share one socket instead';
  switch (reason) {
    case 'needs-newer-node':
      return `balance: reuseport needs eco itself to run on Node 22.12 or newer, not ${node}; ${outcome}`;
    case 'not-on-this-system':
      return `balance: reuseport needs Linux; ${outcome}`;
    default:
      return unreachable(reason);
  }
}
