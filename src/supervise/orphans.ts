import { appId, type AppKey } from '../domain/names.ts';
import { seconds } from '../domain/time.ts';
import type { SupervisePorts } from './ports.ts';
import type { Unwanted } from './survivors.ts';
import { KILL_RETRY_INTERVAL } from './worker-machine.ts';
import { WorkerProcess } from './worker-process.ts';

const PATIENCE = seconds(5);
const LOOK_AGAIN = 50;

/** Ends what an earlier daemon left behind and no app claims: how it wants to be stopped nobody knows any more. */
export class Orphans {
  readonly #ports: SupervisePorts;
  readonly #ending = new Map<string, Set<Promise<void>>>();

  constructor(ports: SupervisePorts) {
    this.#ports = ports;
  }

  end({ id, key, process: identity }: Unwanted): void {
    const ports = this.#ports;
    if (identity === null || identity.bootId !== ports.processes.bootId) return ports.journal.forget(id);
    const orphan = new WorkerProcess({ id, identity, launched: null, startedAt: 0, ports });
    const ending = this.#ending.get(appId(key)) ?? new Set();
    this.#ending.set(appId(key), ending);
    const gone = this.#untilGone(orphan).finally(() => {
      ports.journal.forget(id);
      ending.delete(gone);
    });
    ending.add(gone);
  }

  /** Answers once none of the app's is left; of any app's without one. */
  async whenGone(key?: AppKey): Promise<void> {
    const endings = key === undefined ? [...this.#ending.values()] : [this.#ending.get(appId(key)) ?? new Set()];
    await Promise.all(endings.flatMap((ending) => [...ending]));
  }

  #untilGone(orphan: WorkerProcess): Promise<void> {
    const { clock } = this.#ports;
    let killAt = clock.now() + PATIENCE;
    orphan.signalTree('SIGTERM');
    return new Promise((resolve) => {
      const look = (): void =>
        orphan.inspectTree((living) => {
          if (living.length === 0) return resolve();
          if (clock.now() >= killAt) {
            orphan.signalTree('SIGKILL');
            killAt = clock.now() + KILL_RETRY_INTERVAL;
          }
          clock.after(LOOK_AGAIN, look);
        });
      look();
    });
  }
}
