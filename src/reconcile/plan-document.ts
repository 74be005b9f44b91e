import type { Drift, FieldChange, Notice, Plan, Step } from '../domain/plan.ts';
import { noticeText } from './notice-text.ts';
import { planSummary } from './plan-summary.ts';

/** The major number changes when a reader of the former documents would go wrong. */
export const FORMAT_VERSION = '1.0';

/** A plan for programs: what `eco plan --json` prints. Published; holds no value of a secret. */
export function planDocument(plan: Plan) {
  return {
    format_version: FORMAT_VERSION,
    project: plan.project,
    file: plan.file,
    serial: plan.serial,
    lineage: plan.lineage,
    drift: plan.drift.map(driftEntry),
    notices: plan.notices.map(noticeEntry),
    changes: plan.steps.map(changeEntry),
    summary: planSummary(plan),
  } as const;
}

export function noticeEntry(notice: Notice) {
  return { app: notice.app, message: noticeText(notice) };
}

export function driftEntry({ app, path, expected, actual, cause, by, at }: Drift) {
  const who = by === null ? null : { user: by.user, host: by.host, pid: by.pid };
  return { app, path, expected, actual, cause, by: who, at: at === null ? null : new Date(at).toISOString() };
}

function changeEntry({ app, action, cause, fromFile, fields, needs }: Step) {
  return {
    app,
    action: action.type,
    cause: action.type === 'replace' ? `${cause}; ${action.because}` : cause,
    only_drift: !fromFile,
    fields: fields.map(fieldEntry),
    needs: needs.map(({ step, condition }) => ({ app: step, condition })),
  };
}

function fieldEntry({ path, before, after, sensitive }: FieldChange) {
  return { path, before, after, sensitive };
}
