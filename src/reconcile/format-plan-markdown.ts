import type { FieldChange, Plan, Step } from '../domain/plan.ts';
import { byCodeUnit } from '../util/compare.ts';
import { fileName } from './file-name.ts';
import { clipped, formatValue } from './format-value.ts';
import { driftRow, footer, noChanges, stepRow } from './format-plan.ts';
import { escaped, fenced, folded, LONGEST_MARKDOWN } from './markdown.ts';
import { noticeText } from './notice-text.ts';
import { printable } from './printable.ts';

/** For a comment on a pull request: what happens is seen at once, the fields once they are unfolded. */
export function formatPlanMarkdown(plan: Plan): string {
  const head = [`### eco plan: ${escaped(plan.project)} · ${escaped(fileName(plan.file))}`, ...notices(plan)];
  if (plan.steps.length === 0) return [...head, ...drift(plan), escaped(noChanges(plan))].join('\n\n');
  const fixed = [...head, ...drift(plan), table(plan), `**${footer(plan)}**`].join('\n\n');
  const details = plan.steps.filter(({ fields }) => fields.length > 0).map(fieldDiff);
  const room = LONGEST_MARKDOWN - fixed.length;
  const shown = details.filter((_text, i) => details.slice(0, i + 1).join('\n\n').length <= room);
  const left = details.length - shown.length;
  const rest =
    left === 0
      ? []
      : [`The fields of ${left} more ${left === 1 ? 'app' : 'apps'} have no room here: see \`eco plan\`.`];
  return [fixed, ...shown, ...rest].join('\n\n');
}

function notices({ notices: all }: Plan): readonly string[] {
  return all.map((notice) => `> **${escaped(notice.app)}**: ${escaped(noticeText(notice))}`);
}

function drift({ drift: all }: Plan): readonly string[] {
  if (all.length === 0) return [];
  const lines = all.map((entry) => {
    const { app, what, why } = driftRow(entry);
    return `- **${escaped(app)}** ${escaped(what)}: ${escaped(why)}`;
  });
  return [`**Drift** (changed outside the file)\n\n${lines.join('\n')}`];
}

function table({ steps }: Plan): string {
  const rows = steps.map((step) => {
    const { marker, app, what, why } = stepRow(step);
    return `| \`${marker}\` | ${escaped(app)} | ${escaped(what)} | ${escaped(why)} |`;
  });
  return ['| | app | action | why |', '|---|---|---|---|', ...rows].join('\n');
}

function fieldDiff({ app, fields }: Step): string {
  const lines = [...fields].sort((a, b) => byCodeUnit(a.path, b.path)).flatMap(diffLines);
  const count = fields.length === 1 ? '1 field' : `${fields.length} fields`;
  return folded(`${escaped(app)}: ${count}`, fenced(lines, 'diff'));
}

function diffLines({ path, before, after, sensitive }: FieldChange): readonly string[] {
  if (path === 'code' && before === null && typeof after === 'string') return [`  code: ${clipped(printable(after))}`];
  const format = (value: FieldChange['before']) =>
    sensitive && typeof value === 'string' ? value : formatValue(path, value);
  return [`- ${printable(path)}: ${format(before)}`, `+ ${printable(path)}: ${format(after)}`];
}
