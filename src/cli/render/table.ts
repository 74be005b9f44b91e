/** Columns as wide as their widest cell, two blanks between them; `right` names the columns of numbers. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - width(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The widest line, in terminal cells. */
export function tableWidth(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(width));
}

/** In terminal cells, near enough: ideographs and emoji take two, marks that combine none. */
function width(text: string): number {
  let cells = 0;
  for (const character of text) cells += WIDE.test(character) ? 2 : NARROWEST.test(character) ? 0 : 1;
  return cells;
}

const WIDE = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u;
const NARROWEST = /\p{Mn}|\p{Cf}/u;
