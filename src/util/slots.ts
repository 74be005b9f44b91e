import { deferred, type Deferred } from './deferred.ts';

/** Lets `count` holders in at once; the others wait in the order in which they came. */
export function createSlots(count: number): { readonly take: () => Promise<void>; readonly give: () => void } {
  const waiting: Deferred<void>[] = [];
  let free = count;
  return {
    take: async () => {
      if (free > 0) {
        free--;
        return;
      }
      const turn = deferred<void>();
      waiting.push(turn);
      await turn.promise;
    },
    give: () => {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next.resolve();
    },
  };
}
