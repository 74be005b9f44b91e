import { stripVTControlCharacters } from 'node:util';
import type { LogLine } from '../../../protocol/control.ts';
import { printable } from '../../../reconcile/printable.ts';
import { hasSeveral } from '../../monit/rows.ts';
import { selectedRow, type MonitState } from '../../monit/state.ts';
import { readable } from '../log-text.ts';
import { span, type Line } from './spans.ts';

/** The last lines that fit, or earlier ones where somebody reads there. */
export function logLines(state: MonitState, height: number): readonly Line[] {
  const { logs } = state;
  const row = selectedRow(state);
  const end = logs.lines.length - logs.below;
  const shown = logs.lines.slice(Math.max(0, end - height), end);
  const several = row !== null && row.instance === null && hasSeveral(row.app);
  return shown.map((line) => logLine(line, several));
}

/** The name of the app is in the title. What colours or moves a terminal is taken out: it would leave the pane. */
function logLine(line: LogLine, several: boolean): Line {
  const { instance, stream } = line;
  const prefix = several && instance !== null ? `:${instance} ` : '';
  const text = printable(stripVTControlCharacters(readable(line)).replaceAll('\t', '  '));
  return [span(`${prefix}${stream === 'err' ? '!' : '|'} `, stream === 'err' ? 'red' : 'dim'), span(text)];
}

export function logsTitle(state: MonitState): string {
  const row = selectedRow(state);
  if (row === null) return 'Logs';
  const name = printable(row.instance === null ? row.app.name : `${row.app.name}:${row.instance}`);
  const { below, skipping } = state.logs;
  if (below > 0) return `Logs ${name} · ${below} lines below, G follows`;
  return skipping ? `Logs ${name} · too fast to read, lines are left out` : `Logs ${name}`;
}
