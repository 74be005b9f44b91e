import type { Serving } from '../../domain/failure.ts';
import type { Action } from '../../domain/plan.ts';
import type { WorkerProgressLine } from '../../execute/cluster-control.ts';
import { unlimitedText } from './unlimited-text.ts';
import { formatAction } from '../../reconcile/format-plan.ts';

/** What a step is about to do: `reload 4 workers`. */
export function stepTitle(action: Action): string {
  return action.type === 'start' && action.spec.kind === 'task' ? 'run' : formatAction(action);
}

/** What is true once it is done: `reloaded, 4/4 ready`. */
export function doneText(action: Action, serving: Serving | null): string {
  const isTask = 'spec' in action && action.spec.kind === 'task' && action.type !== 'update';
  if (isTask) return 'completed';
  const ready = serving === null ? '' : `, ${serving.ready}/${serving.desired} ready`;
  const { unlimited } = serving ?? {};
  return `${PAST[action.type]}${ready}${unlimited === undefined ? '' : `; ${unlimitedText(unlimited)}`}`;
}

const PAST: Readonly<Record<Action['type'], string>> = {
  start: 'started',
  reload: 'reloaded',
  replace: 'replaced',
  scale: 'scaled',
  update: 'settings updated',
  delete: 'deleted',
  stop: 'stopped',
};

/** Each worker with its phase, those of the new revision first: `0 ready, 1 starting · old: 1 ready`. */
export function workersText(lines: readonly WorkerProgressLine[]): string {
  const list = (chosen: readonly WorkerProgressLine[]) =>
    chosen.map(({ instance, phase }) => `${instance} ${phase}`).join(', ');
  const [current, old] = [lines.filter((line) => line.current), lines.filter((line) => !line.current)];
  return [list(current), ...(old.length > 0 ? [`old: ${list(old)}`] : [])].filter((text) => text !== '').join(' · ');
}
