import { isatty } from 'node:tty';

export interface Terminal {
  /** stdout is a terminal. */
  readonly isTTY: boolean;
  /** A person can be asked: stdin and stdout are terminals, and this is no CI job. */
  readonly isInteractive: boolean;
  /** Lines may be drawn anew: a terminal that can and knows its size, and no log of a CI job. */
  readonly isAnimated: boolean;
  readonly columns: number;
  readonly rows: number;
  /** https://no-color.org and FORCE_COLOR come before what the terminal is. */
  readonly colour: boolean;
  readonly ci: boolean;
}

export function terminal(): Terminal {
  const isTTY = isatty(1);
  const ci = isSet(process.env.CI) && process.env.CI !== 'false' && process.env.CI !== '0';
  return {
    isTTY,
    isInteractive: isTTY && isatty(0) && !ci,
    isAnimated: isTTY && !ci && process.env.TERM !== 'dumb' && process.stdout.columns > 0,
    // A terminal that does not know its size says 0.
    columns: (isTTY && process.stdout.columns) || 80,
    rows: (isTTY && process.stdout.rows) || 24,
    colour: wantsColour(isTTY),
    ci,
  };
}

/** Does nothing once the reader has gone (`eco list | head`): what eco does must not depend on who reads about it. */
export function writeOut(text: string): void {
  watchForEnd();
  if (outputEnd === 'open') process.stdout.write(text);
}

export function writeErr(text: string): void {
  watchForEnd();
  process.stderr.write(text);
}

/** Calls back when nobody reads stdout any more, which shows only when something is written. Returns how to stop listening. */
export function onOutputClosed(callback: () => void): () => void {
  watchForEnd();
  closedListeners.add(callback);
  return () => closedListeners.delete(callback);
}

/** Of our own, because Node never closes its stdout stream. */
const closedListeners = new Set<() => void>();

let outputEnd: 'unwatched' | 'open' | 'closed' = 'unwatched';

function watchForEnd(): void {
  if (outputEnd !== 'unwatched') return;
  outputEnd = 'open';
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!meansGone(error)) throw error;
    outputEnd = 'closed';
    for (const listener of closedListeners) listener();
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!meansGone(error)) throw error;
  });
}

/** Nobody reads the pipe any more, or the terminal has been closed. */
function meansGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO';
}

function wantsColour(isTTY: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (isSet(NO_COLOR)) return false;
  if (isSet(FORCE_COLOR)) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY && TERM !== 'dumb';
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
