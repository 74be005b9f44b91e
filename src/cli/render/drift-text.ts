import { fileName } from '../../reconcile/file-name.ts';
import { STRAY_PATH, type DriftReport } from '../../reconcile/find-drift.ts';
import { driftLines } from '../../reconcile/format-plan.ts';
import { driftEntry, FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import { printable } from '../../reconcile/printable.ts';
import { renderLines } from './plan-text.ts';

export function formatDrift(report: DriftReport, { colour }: { readonly colour: boolean }): string {
  const { project, drift, apps } = report;
  if (drift.length > 0) {
    const differing = new Set(drift.map(({ app }) => app)).size;
    const summary = `Drift: ${differing} of ${count(Math.max(apps, differing))} ${differing === 1 ? 'differs' : 'differ'} from the last apply.`;
    return [renderLines(driftLines(drift), { colour }), '', [summary, ...ways(report)].join(' ')].join('\n');
  }
  if (apps === 0) return `No drift: nothing of project ${printable(project)} is applied here.`;
  return `No drift: ${count(apps)} ${apps === 1 ? 'is' : 'are'} as the last apply left ${apps === 1 ? 'it' : 'them'}.`;
}

/** Processes that it does not know are nothing that an apply would end. */
function ways({ file, drift }: DriftReport): readonly string[] {
  const strays = drift.filter(({ path }) => path === STRAY_PATH).length;
  return [
    ...(drift.length > strays ? [`eco apply makes them match ${printable(fileName(file))}.`] : []),
    ...(strays > 0 ? ['eco doctor says how to end a process that was left behind.'] : []),
  ];
}

/** What is not drift. */
export function formatPending({ file, pending }: DriftReport): string {
  const names = pending.map(printable).join(', ');
  return `${printable(fileName(file))} asks for what was not applied yet (${names}): eco plan shows it.`;
}

/** What `--json` prints; published. */
export function driftDocument({ project, file, serial, lineage, apps, drift, pending }: DriftReport) {
  return {
    format_version: FORMAT_VERSION,
    project,
    file,
    serial,
    lineage,
    apps,
    drift: drift.map(driftEntry),
    pending,
  } as const;
}

function count(apps: number): string {
  return apps === 1 ? '1 app' : `${apps} apps`;
}
