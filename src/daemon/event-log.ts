import { join } from 'node:path';
import type { EcoEvent, RecordedEvent } from '../domain/event.ts';
import type { Timestamp } from '../domain/time.ts';
import { appendLine, lastLines } from '../platform/log-files.ts';

const MAX_BYTES = 10 << 20;
const REPLAYED = 1000;

/** What happened, for later: `events.jsonl`, append-only; past 10 MiB one older file is kept beside it. */
export class EventLog {
  readonly #path: string;
  readonly #wallTime: () => Timestamp;
  readonly #followers = new Set<(event: RecordedEvent) => void>();

  constructor(home: string, wallTime: () => Timestamp) {
    this.#path = join(home, 'events.jsonl');
    this.#wallTime = wallTime;
  }

  record(event: EcoEvent): void {
    const recorded: RecordedEvent = { ...event, at: this.#wallTime() };
    try {
      appendLine(this.#path, JSON.stringify(recorded), MAX_BYTES);
    } catch {
      // A full disk must not stop the supervision of processes.
    }
    for (const follower of this.#followers) follower(recorded);
  }

  recent(): readonly RecordedEvent[] {
    return lastLines(this.#path, REPLAYED).flatMap((line) => {
      try {
        return [JSON.parse(line) as RecordedEvent];
      } catch {
        return [];
      }
    });
  }

  follow(listener: (event: RecordedEvent) => void, signal: AbortSignal): void {
    this.#followers.add(listener);
    signal.addEventListener('abort', () => this.#followers.delete(listener), { once: true });
  }
}
