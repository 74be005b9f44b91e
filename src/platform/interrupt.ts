export type InterruptSignal = 'SIGINT' | 'SIGTERM';

export interface InterruptOptions {
  /** The end of the terminal counts as SIGTERM, too, instead of ending this process at once. */
  readonly hangUp?: boolean;
}

/** Calls back for each SIGINT and SIGTERM, counting from 1, instead of dying of it. Returns how to stop listening. */
export function onInterrupt(
  callback: (signal: InterruptSignal, count: number) => void,
  { hangUp = false }: InterruptOptions = {},
): () => void {
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1;
    callback(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM', count);
  };
  const signals = ['SIGINT', 'SIGTERM', ...(hangUp ? (['SIGHUP'] as const) : [])] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
