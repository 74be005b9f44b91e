/**
 * How many programs may be busy with starting at the same time. A hundred Node programs that start at once on two CPUs
 * would all be late for their ready timeout; let in a few at a time, each is up in a moment.
 */
export interface BootGate {
  /** Calls `enter` now or as soon as there is room; answers how to give up the place, or the wait for it. */
  readonly request: (enter: () => void) => Release;
}

/** May be called more than once. */
export type Release = () => void;

export function bootGate(places: number): BootGate {
  const waiting = new Set<() => void>();
  let inside = 0;

  const admit = (): void => {
    while (inside < places) {
      const [next] = waiting;
      if (next === undefined) return;
      waiting.delete(next);
      inside += 1;
      next();
    }
  };
  return {
    request: (enter) => {
      let entered = false;
      let released = false;
      const ticket = (): void => {
        entered = true;
        enter();
      };
      waiting.add(ticket);
      admit();
      return () => {
        if (released) return;
        released = true;
        waiting.delete(ticket);
        if (entered) inside -= 1;
        admit();
      };
    },
  };
}
