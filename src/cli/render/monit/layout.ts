import { visibleRows, type MonitState, type PaneName } from '../../monit/state.ts';

/** Where a pane is seen; the frame is part of its size. */
export interface PanePlace {
  readonly name: PaneName;
  readonly columns: number;
  readonly rows: number;
}

/** From here on logs and details stand side by side. */
const WIDE = 110;
/** Below this there is room for one pane: that which has the focus. */
const LOW = 14;
const FRAME = 2;
/** The titles of the columns. */
const HEAD = 1;
/** Above and below the panes. */
const HEADER_AND_FOOTER = 2;
const LEAST = 5;

/** The panes of a screen from top to bottom, those of one line from left to right. */
export function layout(state: MonitState): readonly (readonly PanePlace[])[] {
  const { columns, rows } = state.size;
  const height = rows - HEADER_AND_FOOTER;
  if (height < LOW - HEADER_AND_FOOTER) return [[{ name: state.focus, columns, rows: Math.max(height, 3) }]];
  const wanted = Math.max(LEAST, visibleRows(state).length + HEAD + FRAME);
  const upper = Math.min(wanted, Math.ceil(height / 2));
  const apps = { name: 'apps', columns, rows: upper } as const;
  const lower = height - upper;
  if (columns < WIDE) return [[apps], [{ name: state.lower, columns, rows: lower }]];
  const details = Math.min(60, Math.floor(columns * 0.45));
  return [
    [apps],
    [
      { name: 'logs', columns: columns - details, rows: lower },
      { name: 'details', columns: details, rows: lower },
    ],
  ];
}

/** How many lines of its content a pane shows. */
export function paneHeight(state: MonitState, name: PaneName): number {
  const place = layout(state)
    .flat()
    .find((pane) => pane.name === name);
  return Math.max(0, (place?.rows ?? 0) - FRAME - (name === 'apps' ? HEAD : 0));
}
