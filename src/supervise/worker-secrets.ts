import type { AppSpec } from '../domain/app-spec.ts';
import type { ExitCause } from '../domain/worker-state.ts';
import type { SupervisePorts } from './ports.ts';

type Values = Readonly<Record<string, string>>;

/** The secrets of one process, in memory for as long as it is asked things in its environment. */
export class WorkerSecrets {
  readonly #port: SupervisePorts['secret'];
  #values: Values = {};

  constructor(port: SupervisePorts['secret']) {
    this.#port = port;
  }

  get values(): Values {
    return this.#values;
  }

  /** All anew, for the next process. Answers why that cannot be started; null if it can. */
  async read({ secrets, cwd }: Pick<AppSpec, 'secrets' | 'cwd'>, signal: AbortSignal): Promise<ExitCause | null> {
    const sources = Object.entries(secrets);
    const found = await Promise.all(
      sources.map(async ([name, source]) => ({ name, read: await this.#port(source, cwd, signal) })),
    );
    const problems = found.flatMap(({ name, read }) =>
      read.ok ? [] : [`the secret ${name} cannot be had: ${read.error}`],
    );
    this.#values = Object.fromEntries(found.flatMap(({ name, read }) => (read.ok ? [[name, read.value]] : [])));
    return problems.length === 0 ? null : { type: 'spawn-error', message: problems.join('; ') };
  }
}
