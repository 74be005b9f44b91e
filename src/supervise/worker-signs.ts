import { formatSocketAddress } from '../domain/socket-address.ts';
import type { Instant } from '../domain/time.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import type { Signs } from './readiness.ts';

/** Everything that is known of one process from its preload's messages. */
export class WorkerSigns {
  spawnedAt: Instant;
  registered: boolean | null;
  turned = false;
  saidReady = false;
  handledSignals: readonly string[] = [];
  exitCode: number | null = null;
  /** When readiness depends on time alone, and what it waits for. */
  lookAgainAt: Instant | null = null;
  waitingFor = 'start';
  readonly #listening = new Map<string, string>();

  constructor(spawnedAt: Instant, registered: boolean | null) {
    this.spawnedAt = spawnedAt;
    this.registered = registered;
  }

  note(message: WorkerMessage): void {
    switch (message.type) {
      case 'register':
        this.registered = true;
        return;
      case 'turned':
        this.turned = true;
        return;
      case 'ready':
        this.saidReady = true;
        return;
      case 'listening':
        this.#listening.set(formatSocketAddress(message.bound), formatSocketAddress(message.requested));
        return;
      case 'closed':
        this.#listening.delete(formatSocketAddress(message.bound));
        return;
      case 'signals':
        this.handledSignals = message.handled;
        return;
      default:
        return;
    }
  }

  /** The addresses that servers got, sorted. */
  bound(): readonly string[] {
    return [...this.#listening.keys()].sort();
  }

  /** The addresses that servers asked for, sorted. */
  requested(): readonly string[] {
    return [...new Set(this.#listening.values())].sort();
  }

  read(): Signs {
    const { spawnedAt, registered, turned, saidReady } = this;
    return { spawnedAt, registered, turned, saidReady, listening: this.requested() };
  }
}

/** `registered` is null for a program that has no preload. */
export function noSigns(spawnedAt: Instant, registered: boolean | null): WorkerSigns {
  return new WorkerSigns(spawnedAt, registered);
}
