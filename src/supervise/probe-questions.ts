import type { ProbeTarget } from '../domain/app-spec.ts';
import type { WorkerId } from '../domain/names.ts';
import { answerOfStatus, type ProbeAnswer, type ProbeQuestion } from '../platform/probes.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { unreachable } from '../util/unreachable.ts';
import type { SupervisePorts } from './ports.ts';

type HttpQuestion = Extract<ProbeQuestion, { type: 'http' }>;

/** The names of this machine under which a worker's own port is meant. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * HTTP questions that go to a worker through its preload. Over the port, which it shares with its siblings and its
 * predecessor, any of them could answer in its stead.
 */
export class QuestionsInside {
  readonly #tell: SupervisePorts['tell'];
  readonly #open = new Map<number, (answer: ProbeAnswer | null) => void>();
  #seq = 0;

  constructor(tell: SupervisePorts['tell']) {
    this.#tell = tell;
  }

  /** null: it cannot be asked in this way. */
  async ask(id: WorkerId, { host, port, path }: HttpQuestion, signal: AbortSignal): Promise<ProbeAnswer | null> {
    if (!LOOPBACK.includes(host)) return null;
    this.#seq += 1;
    const seq = this.#seq;
    const answer = new Promise<ProbeAnswer | null>((resolve) => {
      this.#open.set(seq, resolve);
      signal.addEventListener('abort', () => resolve({ well: false, said: 'it was given up' }), { once: true });
    });
    this.#tell(id, { type: 'ask', seq, host, port, path });
    return answer.finally(() => this.#open.delete(seq));
  }

  receive({ seq, status, problem }: Extract<WorkerMessage, { type: 'answered' }>): void {
    this.#open.get(seq)?.(answerOf(status, problem));
  }
}

/** Completes "it did not …". */
export function describeProbe(target: ProbeTarget, firstPort: number | null): string {
  switch (target.type) {
    case 'http':
      return `answer GET http://${target.host}${portText(target.port ?? firstPort)}${target.path} with 200 to 399`;
    case 'tcp':
      return `accept a connection on ${target.host}${portText(target.port ?? firstPort)}`;
    case 'exec':
      return `pass the check "${target.command}"`;
    case 'log':
      return `write a line that matches /${target.pattern}/`;
    default:
      return unreachable(target);
  }
}

function portText(port: number | null): string {
  return port === null ? '' : `:${port}`;
}

function answerOf(
  status: number | null,
  problem: Extract<WorkerMessage, { type: 'answered' }>['problem'],
): ProbeAnswer | null {
  if (status !== null) return answerOfStatus(status);
  return problem === 'no-http-server' ? null : { well: false, said: 'it closed the connection without an answer' };
}
