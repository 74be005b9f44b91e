/** Columns as wide as their widest cell, two blanks between them; `right` names the columns of numbers. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => cells(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - cells(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The widest line, in terminal cells. */
export function tableWidth(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(cells));
}

/** In terminal cells, near enough: ideographs and emoji take two, marks that combine none. */
export function cells(text: string): number {
  let count = 0;
  for (const character of text) count += cellsOf(character);
  return count;
}

/** As much of the beginning as there is room for; an ellipsis says that more follows. */
export function clip(text: string, room: number): string {
  if (cells(text) <= room) return text;
  let [kept, count] = ['', 0];
  for (const character of text) {
    count += cellsOf(character);
    if (count > room - 1) break;
    kept += character;
  }
  return room < 1 ? '' : `${kept}…`;
}

function cellsOf(character: string): number {
  if (character <= '~' || isFrameOrBar(character)) return 1;
  return WIDE.test(character) ? 2 : NARROWEST.test(character) ? 0 : 1;
}

/** Most of what is drawn and not written: asking for each character costs more than all the rest of a screen. */
function isFrameOrBar(character: string): boolean {
  return character >= '\u2500' && character <= '\u259f';
}

const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u;
const NARROWEST = /\p{Mn}|\p{Cf}/u;
