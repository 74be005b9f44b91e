export type InterruptSignal = 'SIGINT' | 'SIGTERM';

/** Calls back for each SIGINT and SIGTERM, counting from 1, instead of dying of it. Returns how to stop listening. */
export function onInterrupt(callback: (signal: InterruptSignal, count: number) => void): () => void {
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1;
    callback(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT', count);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
