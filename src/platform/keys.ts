/**
 * Calls back for each key that is pressed in the terminal, none of which shows there; nothing happens where stdin is none.
 * Ctrl-C stays SIGINT. Returns how to stop listening.
 */
export function onKey(callback: (key: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onData = (text: string): void => {
    // Arrows and their kin come as several characters, which are no keys by themselves.
    if (text.startsWith('\u001B')) return;
    for (const key of text) {
      if (key === '\u0003') process.kill(process.pid, 'SIGINT');
      else callback(key);
    }
  };
  // The terminal has gone, which is told by a signal as well, but not to every process.
  const onEnd = (): void => void process.kill(process.pid, 'SIGHUP');
  const ignore = (): void => {};
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', onData).on('end', onEnd).on('error', ignore);
  return () => {
    stdin.off('data', onData).off('end', onEnd);
    stdin.pause();
    try {
      stdin.setRawMode(false);
    } catch {
      // There is no terminal any more.
    }
  };
}
