import { expect, test } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import { formatPlanMarkdown } from '../../src/reconcile/format-plan-markdown.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import {
  APPLY_OPTIONS,
  appSpec,
  desiredState,
  observedApp,
  observedProject,
  observedState,
} from '../support/states.ts';

function planOf(...args: Parameters<typeof reconcile> extends [infer D, infer O, ...unknown[]] ? [D, O] : never): Plan {
  const plan = reconcile(...args, APPLY_OPTIONS);
  if (!plan.ok) throw new Error(plan.error.reason);
  return plan.value;
}

test('a plan as a comment: what happens at once, the fields once they are unfolded', () => {
  const api = appSpec({ name: 'api', env: { LEVEL: 'info', TOKEN: 'a' }, sensitiveEnv: ['TOKEN'], instances: 4 });
  const worker = appSpec({ name: 'worker', instances: 8 });
  const plan = planOf(
    desiredState([{ ...api, env: { LEVEL: '```\n@team', TOKEN: 'b' } }, worker, appSpec({ name: 'c|r*o<n' })]),
    observedState(
      observedProject([
        observedApp(api),
        observedApp(
          { ...worker, instances: 4 },
          {
            applied: worker,
            manualChanges: [
              { action: 'scale', by: { user: 'alice', host: 'box', pid: 1 }, at: Date.UTC(2026, 7, 20, 14, 2) },
            ],
          },
        ),
        observedApp(appSpec({ name: 'legacy' })),
      ]),
    ),
  );
  expect(formatPlanMarkdown(plan)).toMatchInlineSnapshot(`
    "### eco plan: shop · ecosystem.yaml

    **Drift** (changed outside the file)

    - **worker** instances 8 → 4: scaled by hand: alice, 2026-08-20 14:02 UTC

    | | app | action | why |
    |---|---|---|---|
    | \`~\` | api | reload 4 workers | rolling, surge 1, no downtime |
    | \`+\` | c\\|r\\*o&lt;n | start 1 worker | not running yet |
    | \`-\` | legacy | delete 1 worker | no longer in ecosystem.yaml |
    | \`~\` | worker | scale 4 → 8 |  |

    **Plan: 1 to start, 1 to reload, 1 to scale, 1 to delete**

    <details><summary>api: 2 fields</summary>

    \`\`\`\`diff
    - env.LEVEL: "info"
    + env.LEVEL: "\`\`\`\\n@team"
    - env.TOKEN: *** (before)
    + env.TOKEN: *** (after)
    \`\`\`\`

    </details>

    <details><summary>worker: 1 field</summary>

    \`\`\`diff
    - instances: 4
    + instances: 8
    \`\`\`

    </details>"
  `);
});

test('no changes are one line', () => {
  const api = appSpec({ name: 'api' });
  const plan = planOf(desiredState([api]), observedState(observedProject([observedApp(api)])));
  expect(formatPlanMarkdown(plan)).toMatchInlineSnapshot(`
    "### eco plan: shop · ecosystem.yaml

    No changes: 1 app matches ecosystem.yaml."
  `);
});

test('what is longer than a comment may be says less, and that it does', () => {
  const apps = Array.from({ length: 400 }, (_, i) => appSpec({ name: `app${i}`, env: { A: 'x'.repeat(190) } }));
  const old = apps.map((spec) => observedApp({ ...spec, env: { A: 'y'.repeat(190) } }));
  const text = formatPlanMarkdown(planOf(desiredState(apps), observedState(observedProject(old))));
  expect(text.length).toBeLessThan(65_000);
  expect(text).toMatch(/The fields of \d+ more apps have no room here: see `eco plan`\.$/);
  expect(text).toContain('**Plan: 400 to reload**');
});
