import type { WorkerPhase } from '../domain/worker-state.ts';
import { formatSocketAddress } from '../domain/socket-address.ts';
import type { DaemonMessage } from '../protocol/worker.ts';
import type { Slot } from './socket-group.ts';
import type { TcpAddress } from './socket-vault.ts';

/** The socket of one worker at one address. */
export interface AppSlot {
  readonly address: TcpAddress;
  readonly slot: Slot;
}

/** A worker as far as it decides who accepts where. */
export interface SlotServer {
  readonly instance: number;
  readonly phase: WorkerPhase;
  /** The addresses that it listens on now, as `formatSocketAddress` writes them; none once its process has ended. */
  readonly listensOn: readonly string[];
}

/**
 * The slots on which no worker of their own accepts: it died, is on its way out, has not come up, or is not wanted any
 * more. The kernel goes on sending them their share of new connections.
 */
export function orphanedSlots(slots: readonly AppSlot[], workers: readonly SlotServer[]): readonly AppSlot[] {
  return slots.filter(({ address, slot }) => {
    const name = formatSocketAddress(address);
    const accepts = ({ instance, phase, listensOn }: SlotServer): boolean =>
      instance === slot && (phase === 'starting' || phase === 'ready') && listensOn.includes(name);
    return !workers.some(accepts);
  });
}

/** Tells each worker what to accept on beside its own socket. */
export function serveOrphans(
  slots: readonly AppSlot[],
  workers: readonly { readonly slotServer: SlotServer; readonly sockets: Pick<LentSlots, 'serve'> }[],
): void {
  const orphans = orphanedSlots(
    slots,
    workers.map(({ slotServer }) => slotServer),
  );
  for (const { slotServer, sockets } of workers) sockets.serve(slotsToServe(orphans, slotServer));
}

/** All of them go to every worker that is ready and listens at the address: which one accepts is whoever is idle. */
export function slotsToServe(orphans: readonly AppSlot[], { phase, listensOn }: SlotServer): readonly AppSlot[] {
  if (phase !== 'ready') return [];
  return orphans.filter(({ address }) => listensOn.includes(formatSocketAddress(address)));
}

/** What one process was told to serve beside its own socket. */
export class LentSlots {
  readonly #tell: (message: DaemonMessage) => void;
  readonly #lent = new Map<string, AppSlot>();

  constructor(tell: (message: DaemonMessage) => void) {
    this.#tell = tell;
  }

  /** An earlier daemon has told it so. */
  note(slot: AppSlot): void {
    this.#lent.set(nameOf(slot), slot);
  }

  /** Tells the process the difference to what it serves. */
  serve(wanted: readonly AppSlot[]): void {
    const names = new Set(wanted.map(nameOf));
    for (const [name, slot] of this.#lent) {
      if (names.has(name)) continue;
      this.#lent.delete(name);
      this.#tell({ type: 'let-go', ...slot });
    }
    for (const slot of wanted) {
      if (this.#lent.has(nameOf(slot))) continue;
      this.note(slot);
      this.#tell({ type: 'serve', ...slot });
    }
  }
}

function nameOf({ address, slot }: AppSlot): string {
  return `${slot} ${formatSocketAddress(address)}`;
}
