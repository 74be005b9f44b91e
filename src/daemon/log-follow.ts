import type { Milliseconds } from '../domain/time.ts';
import { systemClock } from '../platform/clock.ts';
import { watchFiles } from '../platform/file-watch.ts';
import { LogCursor } from '../platform/log-reading.ts';
import type { LogPlaces, LogQuery } from '../protocol/control.ts';
import { deferred } from '../util/deferred.ts';
import { lineMaker } from './log-past.ts';
import type { LogSource } from './log-sources.ts';
import type { LogStreamOptions } from './log-stream.ts';

/** Should the system tell nothing of a file, it is looked at after this time. */
const LOOK_ANYWAY: Milliseconds = 1000;

/** A source and how far it has been read. */
interface Followed {
  readonly cursor: LogCursor;
  readonly maker: ReturnType<typeof lineMaker>;
  position: number;
}

/** Sends each whole line that is written behind the given places, across rotations and restarts, until the client goes. */
export async function followLogs(
  query: LogQuery,
  options: LogStreamOptions,
  { began, places }: LogPlaces,
): Promise<void> {
  const { ledger, stream, sources, onChange } = options;
  const followed = new Map<string, Followed>();
  const releases: (() => void)[] = [];
  const add = (source: LogSource): void => {
    const place = places[source.file] ?? ledger.endAt(source.file, began);
    // Somebody emptied the file while no daemon was there to see it.
    const position = place > ledger.end(source.file) ? ledger.oldest(source.file) : place;
    const maker = lineMaker(ledger, source, query);
    followed.set(source.file, { cursor: new LogCursor(ledger, source.file), maker, position });
    releases.push(ledger.follow(source.file));
  };
  const addNew = (): readonly string[] => {
    const found = sources().filter(({ file }) => !followed.has(file));
    found.forEach(add);
    return found.map(({ file }) => file);
  };
  const bell = new Bell(stream.signal);
  const watch = await watchFiles(addNew(), bell.ring);
  onChange(() => {
    watch.add(addNew());
    bell.ring();
  });
  while (!stream.signal.aborted) {
    for (const [file, entry] of followed) await sendNew(entry, ledger.end(file), stream);
    await bell.rung();
  }
  for (const release of releases) release();
  await watch.close();
}

async function sendNew(entry: Followed, end: number, stream: LogStreamOptions['stream']): Promise<void> {
  const { cursor, maker } = entry;
  for await (const batch of cursor.forward(entry.position, end)) {
    for (const text of batch.lines) {
      const made = maker.make(text);
      if (maker.isWanted(made)) stream.send(made.line);
    }
    entry.position = batch.end;
    await stream.drained();
    if (stream.signal.aborted) return;
  }
}

/** Waits until somebody rings, or rang since the last wait, or a while is over. */
class Bell {
  #next = deferred<void>();

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', this.ring, { once: true });
  }

  readonly ring = (): void => this.#next.resolve();

  async rung(): Promise<void> {
    const timer = systemClock.after(LOOK_ANYWAY, this.ring);
    await this.#next.promise;
    timer.cancel();
    this.#next = deferred();
  }
}
