import type { DaemonClient } from '../../client/daemon-client.ts';
import type { ProjectName } from '../../domain/names.ts';
import type { ObservedState } from '../../domain/observed-state.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { tell } from '../render/console.ts';

export interface Observation {
  /** null if no daemon runs and none is needed: there are no apps. */
  readonly client: DaemonClient | null;
  readonly observed: ObservedState;
  /** It is about another machine. */
  readonly far: boolean;
}

export interface ChangeableObservation {
  readonly client: DaemonClient;
  readonly observed: ObservedState;
}

interface Look {
  /** Absent: all of them. */
  readonly project: ProjectName | undefined;
  readonly settled: boolean;
}

/** Sees what there is without starting a daemon for nothing: where no app was ever kept, none has to be taken over. */
export function observeIfAny(context: CliContext, project?: ProjectName): Promise<Result<Observation>> {
  return lookIfAny(context, { project, settled: false });
}

/** The same, with all that depends on it how something is to change. */
export function observeForPlan(context: CliContext, project?: ProjectName): Promise<Result<Observation>> {
  return lookIfAny(context, { project, settled: true });
}

async function lookIfAny(context: CliContext, look: Look): Promise<Result<Observation>> {
  const connected = await connectIfAny(context);
  if (!connected.ok) return connected;
  const far = context.host !== null;
  if (connected.value === null) return ok({ client: null, observed: { projects: [] }, far });
  const observed = await connected.value.observe(look.project, look);
  return observed.ok ? ok({ client: connected.value, observed: observed.value, far }) : observed;
}

/** The daemon, started if it keeps apps; null if it neither runs nor has any. */
export async function connectIfAny(context: CliContext): Promise<Result<DaemonClient | null>> {
  const running = await context.connect('never');
  if (running.ok || running.error.reason !== 'daemon-unreachable') return running;
  if (!(await context.homeHasApps())) return ok(null);
  tell(context.console, `No daemon runs; one is started to take over the apps of ${(await context.place()).home}.`);
  return context.connect('if-absent');
}

/** Sees what there is through a daemon that is at hand to change it. */
export async function observeForChange(
  client: DaemonClient,
  project: ProjectName,
): Promise<Result<ChangeableObservation>> {
  const observed = await client.observe(project, { settled: true });
  return observed.ok ? ok({ client, observed: observed.value }) : observed;
}
