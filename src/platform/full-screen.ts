/** The terminal as a whole, for as long as something draws on all of it. */
export interface FullScreen {
  /** Draws these lines from the top, those that differ from the ones before. */
  readonly paint: (lines: readonly string[]) => void;
  /** What was drawn is cleared then. Returns how to stop listening. */
  readonly onResize: (callback: () => void) => () => void;
  /** Calls back when the terminal is closed, should that not have ended the process. */
  readonly onHangUp: (callback: () => void) => () => void;
  /** As it was before. */
  readonly leave: () => void;
}

const CLEAR = '\u001B[H\u001B[2J';
/** A terminal that knows mode 2026 shows all that is between the two at once. */
const BEGIN_UPDATE = '\u001B[?2026h';
const END_UPDATE = '\u001B[?2026l';
/** The alternate screen, without a cursor; lines that are too long are cut (xterm's private modes 1049, 25 and 7). */
const ENTER = `\u001B[?1049h\u001B[?25l\u001B[?7l${CLEAR}`;
const LEAVE = `${END_UPDATE}\u001B[?7h\u001B[?25h\u001B[?1049l`;

/** Left in any case, also by a crash: what a process writes to a terminal on its exit is written at once. */
export function enterFullScreen(): FullScreen {
  const { stdin, stdout } = process;
  let entered = true;
  const leave = (): void => {
    if (!entered) return;
    entered = false;
    process.off('exit', leave);
    stdout.write(LEAVE);
  };
  process.once('exit', leave);
  stdout.write(ENTER);
  let painted: readonly string[] = [];
  return {
    leave,
    paint: (all) => {
      // Of a frame that was made for a taller screen; what is put below the last line would be put on it.
      const lines = all.slice(0, stdout.rows);
      if (entered) stdout.write(BEGIN_UPDATE + changes(painted, lines) + END_UPDATE);
      painted = lines;
    },
    onResize: (callback) => {
      const onResize = (): void => {
        painted = [];
        stdout.write(CLEAR);
        callback();
      };
      stdout.on('resize', onResize);
      return () => stdout.off('resize', onResize);
    },
    onHangUp: (callback) => {
      const events = ['end', 'close', 'error'] as const;
      for (const event of events) stdin.on(event, callback);
      return () => events.forEach((event) => stdin.off(event, callback));
    },
  };
}

/** Each line is put in its place and erased first (CUP, EL, SGR 0): after the last column, nothing more may be written. */
function changes(before: readonly string[], lines: readonly string[]): string {
  const longest = Math.max(before.length, lines.length);
  return Array.from({ length: longest }, (_, index) => index)
    .filter((index) => before[index] !== lines[index])
    .map((index) => `\u001B[${index + 1};1H\u001B[0m\u001B[2K${lines[index] ?? ''}`)
    .join('');
}
