import type { WorkerId } from '../domain/names.ts';
import { formatSocketAddress } from '../domain/socket-address.ts';
import { heldSocket } from '../platform/listening-socket.ts';
import type { HandBack, HandleFetch } from '../protocol/worker.ts';
import { answerIpc, type IpcContext } from './ipc-handles.ts';
import { LentSlots, type AppSlot } from './lent-slots.ts';
import type { SupervisePorts } from './ports.ts';
import type { Asker } from './socket-vault.ts';
import type { WorkerSigns } from './worker-signs.ts';

export interface WorkerSocketsOptions {
  readonly id: WorkerId;
  readonly asker: Asker;
  /** Of the same process. */
  readonly signs: WorkerSigns;
  readonly ports: Pick<SupervisePorts, 'vault' | 'tell'>;
  /** What the vault holds for it is another. */
  readonly onChange: () => void;
}

/** The listening sockets of one process, which asks for those that the vault holds and hands back those that it does not. */
export class WorkerSockets {
  readonly #options: WorkerSocketsOptions;
  readonly #lent: LentSlots;

  constructor(options: WorkerSocketsOptions) {
    const { id, ports } = options;
    this.#options = options;
    this.#lent = new LentSlots((message) => ports.tell(id, message));
  }

  /** The addresses that its servers asked for. */
  get requested(): readonly string[] {
    return this.#options.signs.requested();
  }

  /** The addresses that its servers got. */
  get bound(): readonly string[] {
    return this.#options.signs.bound();
  }

  /** Every name by which a socket of the vault's may be in use by it. */
  get inUse(): readonly string[] {
    return this.#options.signs.inUse();
  }

  /** A successor can share everything that it listens on. */
  get handsOver(): boolean {
    const { signs, ports, asker } = this.#options;
    return signs.handsOver((name) => ports.vault.holds(asker, name));
  }

  /** Accepts on these beside its own socket, and on nothing else. */
  serve(slots: readonly AppSlot[]): void {
    this.#lent.serve(slots);
  }

  /** What its preload says over IPC. */
  answer(message: unknown, handle: unknown, send: IpcContext['send']): void {
    const { signs, ports, asker } = this.#options;
    answerIpc(message, handle, { asker, vault: ports.vault, onTaken: (address) => signs.noteTaken(address), send });
  }

  /** A listening socket that an earlier daemon held: the next worker can share it again. */
  takeBack({ requested, bound, slot }: HandBack, handle: unknown): void {
    const { ports, asker, onChange } = this.#options;
    const kept = ports.vault.deposit({ key: asker.key, slot }, requested, heldSocket(handle, bound));
    const lent = kept !== null && slot !== asker.slot && requested.type === 'tcp';
    if (lent) this.#lent.note({ address: requested, slot: kept });
    onChange();
  }

  /** The handle of a socket that it was told to serve. */
  giveOut({ address, slot }: HandleFetch): unknown {
    const { ports, asker } = this.#options;
    return ports.vault.socketOf({ key: asker.key, slot }, formatSocketAddress(address))?.handle;
  }
}
