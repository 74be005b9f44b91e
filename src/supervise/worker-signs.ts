import type { SignalName, StopSignal } from '../domain/app-spec.ts';
import { formatSocketAddress, type SocketAddress } from '../domain/socket-address.ts';
import type { Instant } from '../domain/time.ts';
import type { WorkerStats } from '../domain/worker-stats.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { unreachable } from '../util/unreachable.ts';
import type { Signs } from './readiness.ts';

/** What the process itself does not say. */
type ProbeSigns = Pick<Signs, 'failLine' | 'startup' | 'readiness'>;

/** Everything that is known of one process from its preload's messages. */
export class WorkerSigns {
  spawnedAt: Instant;
  /** null for a program that has no preload, or that need not come to have one. */
  registered: boolean | null;
  /** Its version, once it has told. */
  node: string | null = null;
  turned = false;
  rested = false;
  /** What it listens on is known, as far as it is known to the process. */
  told = false;
  saidReady = false;
  /** What it said of itself last. */
  stats: WorkerStats | null = null;
  /** When readiness depends on time alone, and what it waits for. */
  lookAgainAt: Instant | null = null;
  waitingFor = 'start';
  #handledSignals: readonly string[] = [];
  readonly #listening = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #tcpPorts = new Map<string, number>();

  constructor(spawnedAt: Instant, registered: boolean | null) {
    this.spawnedAt = spawnedAt;
    this.registered = registered;
  }

  note(message: WorkerMessage): void {
    switch (message.type) {
      case 'register':
        this.registered = true;
        this.node = message.node;
        return;
      case 'turned':
        this.turned = true;
        return;
      case 'rested':
        this.rested = true;
        return;
      case 'told':
        this.told = true;
        return;
      case 'ready':
        this.saidReady = true;
        return;
      case 'listening':
        this.#listening.set(formatSocketAddress(message.bound), formatSocketAddress(message.requested));
        if (message.bound.type === 'tcp') this.#tcpPorts.set(formatSocketAddress(message.bound), message.bound.port);
        return;
      case 'closed':
        this.#noteClosed(formatSocketAddress(message.bound));
        return;
      case 'signals':
        this.#handledSignals = message.handled;
        return;
      case 'stats':
        this.stats = message.stats;
        return;
      case 'drained':
      case 'answered':
        return;
      default:
        unreachable(message);
    }
  }

  #noteClosed(bound: string): void {
    this.#taken.delete(this.#listening.get(bound) ?? '');
    this.#taken.delete(bound);
    this.#listening.delete(bound);
    this.#tcpPorts.delete(bound);
  }

  /** The process that spoke is gone, the worker is not. */
  forget(): void {
    this.registered = null;
    this.node = null;
    this.told = false;
    this.saidReady = false;
    this.stats = null;
    this.#handledSignals = [];
    this.#listening.clear();
    this.#tcpPorts.clear();
  }

  /** The vault has a socket for it: it listens there, or is about to. */
  noteTaken(address: SocketAddress): void {
    this.#taken.add(formatSocketAddress(address));
  }

  /** Every name by which a socket of the vault's may be in use. */
  inUse(): readonly string[] {
    return [...this.requested(), ...this.bound(), ...this.#taken];
  }

  /** The addresses that servers got, sorted. */
  bound(): readonly string[] {
    return [...this.#listening.keys()].sort();
  }

  /** The addresses that servers asked for, sorted. */
  requested(): readonly string[] {
    return [...new Set(this.#listening.values())].sort();
  }

  /** The TCP ports that it listens on, in the order in which it began to. */
  tcpPorts(): readonly number[] {
    return [...this.#tcpPorts.values()];
  }

  /** Whether all its sockets are held for a successor. A port that the system chose is a new one for each worker anyway. */
  handsOver(holds: (name: string) => boolean): boolean {
    return [...this.#listening].every(
      ([bound, requested]) => requested.endsWith(':0') || holds(requested) || holds(bound),
    );
  }

  /** For `auto`, SIGINT only where the app handles that one and not SIGTERM. */
  stopSignal(wanted: StopSignal): SignalName {
    if (wanted !== 'auto') return wanted;
    return this.#handledSignals.includes('SIGINT') && !this.#handledSignals.includes('SIGTERM') ? 'SIGINT' : 'SIGTERM';
  }

  read(probes: ProbeSigns): Signs {
    const { spawnedAt, registered, turned, rested, saidReady } = this;
    return { spawnedAt, registered, turned, rested, saidReady, listening: this.requested(), ...probes };
  }
}
