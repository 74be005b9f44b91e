import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface LoadOptions {
  readonly protocol: 'http' | 'https' | 'h2' | 'h2c';
  readonly port: number;
  /** Clients that use one connection for as long as they can. */
  readonly keepAlive: number;
  /** Clients with a connection for each request. */
  readonly close: number;
  /** Clients whose answers take long. */
  readonly slow: number;
  /** Milliseconds between an answer and the client's next request. */
  readonly pause: number;
}

export interface LoadCounts {
  readonly ok: number;
  readonly failed: number;
  readonly connections: number;
  /** Of all processes that answered. */
  readonly pids: readonly number[];
  /** How many requests failed, by phase and error. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface Load {
  readonly stop: () => Promise<LoadCounts>;
}

/** Starts the strict client in a process of its own; answers once each of its clients had an answer. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const program = fileURLToPath(new URL('load-client.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the load client ended early');
    return value;
  };
  await next();
  return {
    stop: async () => {
      child.stdin.end();
      return JSON.parse(await next()) as LoadCounts;
    },
  };
}

/** As the tests print it. */
export function formatCounts({ ok, failed, connections, errors }: LoadCounts): string {
  const causes = Object.entries(errors).map(([error, times]) => `${times} × ${error}`);
  return [`${ok} answered`, `${failed} failed`, `${connections} connections`, ...causes].join(', ');
}
