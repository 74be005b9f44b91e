import type { ObservedApp } from '../domain/observed-state.ts';
import type { ObservedWorker } from '../domain/worker-state.ts';
import { formatExitCause } from './exit-cause.ts';

/** Whether the processes of an app are as its present spec wants them. */
export type Health =
  | { readonly type: 'healthy' }
  /** Somebody stopped it. */
  | { readonly type: 'stopped' }
  /** Nothing is wrong, but it is not done: workers start, or a task runs. */
  | { readonly type: 'converging'; readonly cause: string }
  | { readonly type: 'broken'; readonly cause: string; readonly fine: number };

/** What one instance number amounts to, whichever workers of it are about. */
type Slot = 'fine' | 'busy' | 'outdated' | 'backing-off' | 'failed' | 'missing';

interface SlotFinding {
  readonly slot: Slot;
  /** The worker that tells. */
  readonly worker: ObservedWorker | null;
}

export function healthOf(app: ObservedApp): Health {
  const slots = slotsOf(app);
  const wanted = app.spec.instances;
  const fine = slots.filter(({ slot }) => slot === 'fine').length;
  // A task that is done is done, and somebody who stops it afterwards changes nothing.
  if (app.spec.kind === 'task' && slots.every(({ slot }) => slot === 'fine')) return { type: 'healthy' };
  if (app.goal === 'stopped') return { type: 'stopped' };
  // How its last run went is told by its status; the next one comes at its time.
  if (app.spec.schedule !== null) return { type: 'healthy' };
  const broken = (['failed', 'backing-off', 'missing', 'outdated'] as const).flatMap((slot) => {
    const found = slots.filter((finding) => finding.slot === slot);
    const word = slot === 'missing' && app.spec.kind === 'task' ? 'not-run' : slot;
    return found.length === 0 ? [] : [sentence(word, found, wanted)];
  });
  if (broken.length > 0) return { type: 'broken', cause: broken.join(', '), fine };
  const busy = slots.filter(({ slot }) => slot === 'busy');
  // All that is left of the old workers may be their ends: nothing but this tells that they are not to come back.
  if (app.towards !== undefined) return { type: 'converging', cause: 'about to become something else' };
  if (busy.length === 0) return { type: 'healthy' };
  return { type: 'converging', cause: sentence(app.spec.kind === 'task' ? 'running' : 'starting', busy, wanted) };
}

function slotsOf(app: ObservedApp): readonly SlotFinding[] {
  const instances = [...new Set(app.workers.map((worker) => worker.instance))];
  const found = instances
    .map((instance) =>
      slotOf(
        app.workers.filter((worker) => worker.instance === instance),
        app,
      ),
    )
    .filter(({ slot }) => slot !== 'missing');
  const missing = Math.max(0, app.spec.instances - found.length);
  return [...found, ...Array.from({ length: missing }, () => ({ slot: 'missing', worker: null }) as const)];
}

/** Workers that are on their way out tell nothing: what matters is who stays. */
function slotOf(workers: readonly ObservedWorker[], { spec }: ObservedApp): SlotFinding {
  const first = (...phases: readonly ObservedWorker['phase'][]) =>
    workers.find((worker) => worker.current && phases.includes(worker.phase));
  const outdated = workers.find(
    ({ current, phase }) => !current && (phase === 'starting' || phase === 'ready' || phase === 'backing-off'),
  );
  if (outdated !== undefined) return { slot: 'outdated', worker: outdated };
  const done =
    spec.kind === 'task' ? first('completed') : first('ready', 'completed', ...(spec.autorestart ? [] : ENDED));
  if (done !== undefined) return { slot: 'fine', worker: done };
  const busy = first('starting', 'ready');
  if (busy !== undefined) return { slot: 'busy', worker: busy };
  const backingOff = first('backing-off');
  if (backingOff !== undefined) return { slot: 'backing-off', worker: backingOff };
  const failed = first('failed');
  return failed === undefined ? { slot: 'missing', worker: null } : { slot: 'failed', worker: failed };
}

/** How a service ends that the file allows to end (`autorestart: false`). */
const ENDED = ['stopped'] as const;

function sentence(
  word: 'failed' | 'backing-off' | 'missing' | 'not-run' | 'outdated' | 'running' | 'starting',
  found: readonly SlotFinding[],
  wanted: number,
): string {
  const are = found.length === 1 ? 'is' : 'are';
  const verb = {
    failed: 'failed',
    'backing-off': `${are} backing off`,
    missing: `${are} missing`,
    'not-run': found.length === 1 ? 'has not run' : 'have not run',
    outdated: found.length === 1 ? 'runs an earlier revision' : 'run an earlier revision',
    running: `${are} still running`,
    starting: `${are} still starting`,
  }[word];
  const exit = word === 'failed' || word === 'backing-off' ? (found[0]?.worker?.lastExit ?? null) : null;
  const reason = exit === null ? '' : `: ${formatExitCause(exit)}`;
  return `${found.length} of ${wanted} ${wanted === 1 ? 'worker' : 'workers'} ${verb}${reason}`;
}
