import type { AppSpec, Hooks } from '../domain/app-spec.ts';
import type { WorkerId } from '../domain/names.ts';
import type { ExitCause } from '../domain/worker-state.ts';
import type { SupervisePorts } from './ports.ts';

export interface HookedWorker {
  readonly id: WorkerId;
  readonly spec: AppSpec;
  /** What the hook runs in: that of the worker. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the commands of `hooks` around one worker. */
export class WorkerHooks {
  readonly #ports: Pick<SupervisePorts, 'runCommand' | 'emit'>;

  constructor(ports: Pick<SupervisePorts, 'runCommand' | 'emit'>) {
    this.#ports = ports;
  }

  /** Answers why the worker cannot be started; null if it can. */
  async preStart(worker: HookedWorker, signal: AbortSignal): Promise<ExitCause | null> {
    const problem = await this.#run('preStart', worker, signal);
    return problem === null ? null : { type: 'spawn-error', message: `its pre_start hook ${problem}` };
  }

  /** Whether or not it succeeds, the worker goes on. */
  async postReady(worker: HookedWorker): Promise<void> {
    const problem = await this.#run('postReady', worker);
    if (problem !== null) this.#ports.emit({ type: 'hook-failed', worker: worker.id, hook: 'post_ready', problem });
  }

  /** Whether or not it succeeds, the worker is stopped after it. */
  async preStop(worker: HookedWorker): Promise<void> {
    const problem = await this.#run('preStop', worker);
    if (problem !== null) this.#ports.emit({ type: 'hook-failed', worker: worker.id, hook: 'pre_stop', problem });
  }

  /** What went wrong, to complete a sentence; null where nothing did, or there is no such hook. */
  async #run(name: keyof Hooks, { spec, env }: HookedWorker, signal?: AbortSignal): Promise<string | null> {
    const hook = spec.hooks[name];
    if (hook === null) return null;
    const user = spec.user === null ? {} : { user: { uid: spec.user.uid, gid: spec.user.gid } };
    const outcome = await this.#ports.runCommand({ ...hook, cwd: spec.cwd, env, ...user }, signal);
    if (outcome.type === 'succeeded') return null;
    const lastLine = outcome.output.trim().split('\n').at(-1) ?? '';
    return lastLine === '' ? outcome.problem : `${outcome.problem}: ${lastLine.slice(0, 200)}`;
  }
}
