import type { AppName } from '../domain/names.ts';
import type { ObservedApp } from '../domain/observed-state.ts';
import type { Action, Need, Step } from '../domain/plan.ts';
import { byCodeUnit } from '../util/compare.ts';

/** A step before it is known what it has to wait for. */
export type LooseStep = Omit<Step, 'needs'>;

interface Edge extends Need {
  readonly of: string;
}

/**
 * Gives each step its needs and puts every step after those that it needs, otherwise by name. The wishes come in the
 * order of their weight; one that would close a circle with weightier ones is dropped, so that an order always exists.
 */
export function orderSteps(steps: readonly LooseStep[], observed: readonly ObservedApp[]): readonly Step[] {
  const sorted = [...steps].sort((a, b) => byCodeUnit(a.id, b.id));
  const world: World = {
    steps: sorted,
    byApp: new Map(sorted.map((step) => [step.app, step])),
    observed: new Map(observed.map((app) => [app.name, app])),
  };
  const wishes = [...dependencies(world), ...renames(world), ...dependentsFirst(world), ...farewells(world)];
  const needs = new Map<string, readonly Need[]>();
  for (const { of, ...need } of wishes) {
    const present = needs.get(of) ?? [];
    const known = present.some(({ step }) => step === need.step);
    if (!known && !reaches(needs, need.step, of)) needs.set(of, [...present, need]);
  }
  return sequence(sorted.map((step) => ({ ...step, needs: sortedNeeds(needs.get(step.id) ?? []) })));
}

interface World {
  readonly steps: readonly LooseStep[];
  readonly byApp: ReadonlyMap<AppName, LooseStep>;
  readonly observed: ReadonlyMap<AppName, ObservedApp>;
}

/** An app waits for what the file says it depends on. */
function dependencies({ steps, byApp }: World): readonly Edge[] {
  return steps.flatMap(({ id, action }) =>
    Object.entries(specOf(action)?.dependsOn ?? {}).flatMap(([app, condition]) => {
      const need = byApp.get(app);
      return need === undefined || need.action.type === 'delete' ? [] : [{ of: id, step: need.id, condition }];
    }),
  );
}

/** A new app with the program of a removed one is most likely that app under a new name, and wants the same port. */
function renames({ steps, observed }: World): readonly Edge[] {
  const deleted = steps.filter(({ action }) => action.type === 'delete');
  return steps.flatMap(({ id, app, action }) => {
    const spec = specOf(action);
    if (spec === null || observed.has(app)) return [];
    return deleted
      .filter((removed) => {
        const old = observed.get(removed.app)?.spec;
        return old?.script === spec.script && old.cwd === spec.cwd;
      })
      .map((removed) => ({ of: id, step: removed.id, condition: 'deleted' as const }));
  });
}

/** Of two removed apps the dependent goes first. */
function dependentsFirst(world: World): readonly Edge[] {
  return formerDependencies(world)
    .filter(({ dependent }) => dependent.action.type === 'delete')
    .map(({ dependent, removed }) => ({ of: removed.id, step: dependent.id, condition: 'deleted' }));
}

/** An app that stops depending on a removed one still uses it until its own step is done. */
function farewells(world: World): readonly Edge[] {
  return formerDependencies(world)
    .filter(({ dependent }) => dependent.action.type !== 'delete')
    .map(({ dependent, removed }) => ({ of: removed.id, step: dependent.id, condition: 'ready' }));
}

function formerDependencies({
  steps,
  byApp,
  observed,
}: World): readonly { readonly dependent: LooseStep; readonly removed: LooseStep }[] {
  return steps.flatMap((dependent) =>
    Object.keys(observed.get(dependent.app)?.spec.dependsOn ?? {}).flatMap((app) => {
      const removed = byApp.get(app);
      return removed?.action.type === 'delete' ? [{ dependent, removed }] : [];
    }),
  );
}

function specOf(action: Action): Extract<Action, { spec: unknown }>['spec'] | null {
  return 'spec' in action ? action.spec : null;
}

function reaches(needs: ReadonlyMap<string, readonly Need[]>, from: string, target: string): boolean {
  const [seen, open] = [new Set<string>(), [from]];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === target) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(needs.get(id) ?? []).map(({ step }) => step));
  }
  return false;
}

function sortedNeeds(needs: readonly Need[]): readonly Need[] {
  return [...needs].sort((a, b) => byCodeUnit(a.step, b.step));
}

function sequence(steps: readonly Step[]): readonly Step[] {
  const [placed, ordered, waiting] = [new Set<string>(), [] as Step[], [...steps]];
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ needs }) => needs.every(({ step }) => placed.has(step)));
    const [next] = waiting.splice(index, 1);
    if (next === undefined || index < 0) throw new Error('Bug in eco: the needs of a plan form a circle');
    placed.add(next.id);
    ordered.push(next);
  }
  return ordered;
}
