import { preloadWay, type AppSpec, type Probe, type ProbeTarget } from '../domain/app-spec.ts';
import type { WorkerId } from '../domain/names.ts';
import { seconds, type Instant, type Milliseconds } from '../domain/time.ts';
import type { ExitCause } from '../domain/worker-state.ts';
import type { ProbeAnswer, ProbeQuestion } from '../platform/probes.ts';
import type { WorkerMessage } from '../protocol/worker.ts';
import { equalJson } from '../util/compare.ts';
import { unreachable } from '../util/unreachable.ts';
import { LogSigns } from './log-signs.ts';
import type { LogStart, SupervisePorts } from './ports.ts';
import type { ProbeVerdict } from './probe.ts';
import { describeProbe, QuestionsInside } from './probe-questions.ts';
import { ProbeRun } from './probe-run.ts';
import type { ProbeSign, Signs } from './readiness.ts';
import type { LogFiles } from './worker-launch.ts';
import type { WorkerSigns } from './worker-signs.ts';

/** How often the output of a worker that starts is read, where something is asked of it. */
const LOG_POLL: Milliseconds = 100;
/** A Node worker finds the daemon that adopted it within this time, and only then can it be asked. */
const ADOPTION_GRACE: Milliseconds = seconds(10);

export interface ProbesOptions {
  readonly ports: Pick<SupervisePorts, 'clock' | 'logs' | 'probe' | 'tell'>;
  /** A probe has been answered: readiness may have changed. */
  readonly onSign: () => void;
  readonly onFailed: (cause: ExitCause) => void;
}

/** The process that is asked. */
export interface ProbedProcess {
  readonly id: WorkerId;
  readonly spec: AppSpec;
  readonly signs: WorkerSigns;
  readonly files: LogFiles;
  readonly logStart: LogStart;
  /** An earlier daemon started it. */
  readonly adopted: boolean;
  readonly environment: () => Readonly<Record<string, string>>;
}

type ProbeName = 'startup' | 'readiness' | 'liveness';

/** Carries out the probes of one worker: one at a time, first start-up, then readiness, then liveness. */
export class WorkerProbes {
  readonly #options: ProbesOptions;
  readonly #inside: QuestionsInside;
  #process: ProbedProcess | null = null;
  #logs: LogSigns | null = null;
  #asked: { readonly name: ProbeName; readonly run: ProbeRun } | null = null;
  #answers: Partial<Record<ProbeName, ProbeVerdict>> = {};

  constructor(options: ProbesOptions) {
    this.#options = options;
    this.#inside = new QuestionsInside(options.ports.tell);
  }

  /** What was known of an earlier process is forgotten. */
  begin(process: ProbedProcess): void {
    this.end();
    this.#process = process;
    this.#answers = {};
    const { files, logStart, spec } = process;
    this.#logs = new LogSigns(this.#options.ports.logs, spec, { files, start: logStart });
  }

  /** Changed probes begin anew. */
  update(spec: AppSpec): void {
    const before = this.#process;
    if (before === null) return;
    if (equalJson(probesOf(before.spec), probesOf(spec))) this.#process = { ...before, spec };
    else this.begin({ ...before, spec });
  }

  /** Leaves nothing under way. */
  end(): void {
    this.#asked?.run.end();
    this.#asked = null;
    this.#process = null;
  }

  /** How the probes stand that are asked before a worker is ready. */
  read(): Pick<Signs, 'failLine' | 'startup' | 'readiness'> {
    this.#logs?.readOn();
    const spec = this.#process?.spec;
    return {
      failLine: this.#logs?.failLine ?? null,
      startup: this.#sign('startup', spec?.startupProbe ?? null),
      readiness: this.#sign('readiness', spec?.readinessProbe ?? null),
    };
  }

  /** When `read` may answer differently though nothing was heard; null: not before something is. */
  nextReading(now: Instant): Instant | null {
    return this.#logs === null || this.#logs.idle ? null : now + LOG_POLL;
  }

  /** Whose turn it is; null: nobody's. */
  ask(name: ProbeName | null): void {
    if (this.#asked?.name === name) return;
    this.#asked?.run.end();
    this.#asked = null;
    const probe = this.#process === null ? null : probeNamed(this.#process.spec, name);
    const { target } = probe ?? {};
    if (name === null || probe === null || target === undefined || target.type === 'log') return;
    const run = new ProbeRun({
      policy: probe,
      clock: this.#options.ports.clock,
      firstAt: this.#firstAt(),
      ask: (signal) => this.#put(target, signal),
      onVerdict: (verdict) => this.#heard(name, verdict),
    });
    this.#asked = { name, run };
  }

  receive(message: Extract<WorkerMessage, { type: 'answered' }>): void {
    this.#inside.receive(message);
  }

  #heard(name: ProbeName, verdict: ProbeVerdict): void {
    this.#answers[name] = verdict;
    if (name !== 'liveness') {
      if (verdict.type === 'well') this.ask(null);
      return this.#options.onSign();
    }
    if (verdict.type === 'well' || !verdict.exhausted) return;
    this.ask(null);
    const { failures, said } = verdict;
    this.#options.onFailed({ type: 'liveness-failed', failures, lastAnswer: said });
  }

  #sign(name: 'startup' | 'readiness', probe: Probe | null): ProbeSign | null {
    if (probe === null) return null;
    const answer = this.#answers[name];
    const succeeded = probe.target.type === 'log' ? this.#logs?.[name] === true : answer?.type === 'well';
    const asks = describeProbe(probe.target, this.#firstPort());
    return { succeeded, asks, lastAnswer: answer?.type === 'unwell' ? answer.said : null };
  }

  async #put(target: Exclude<ProbeTarget, { type: 'log' }>, signal: AbortSignal): Promise<ProbeAnswer> {
    const process = this.#process;
    if (process === null) return { well: false, said: 'it has ended' };
    const question = this.#questionOf(target, process);
    if (question === null) return { well: false, said: 'it listens on no TCP port' };
    const { id, signs } = process;
    const own = signs.registered === true && question.type === 'http' && signs.tcpPorts().includes(question.port);
    const answer = own ? await this.#inside.ask(id, question, signal) : null;
    return answer ?? this.#options.ports.probe(question, signal);
  }

  #questionOf(
    target: Exclude<ProbeTarget, { type: 'log' }>,
    { spec, environment }: ProbedProcess,
  ): ProbeQuestion | null {
    switch (target.type) {
      case 'exec':
        return { ...target, cwd: spec.cwd, env: environment() };
      case 'http':
      case 'tcp': {
        const port = target.port ?? this.#firstPort();
        return port === null ? null : { ...target, port };
      }
      default:
        return unreachable(target);
    }
  }

  #firstPort(): number | null {
    return this.#process?.signs.tcpPorts()[0] ?? null;
  }

  #firstAt(): Instant {
    const now = this.#options.ports.clock.now();
    const { adopted = false, spec, signs } = this.#process ?? {};
    const silent = adopted && spec !== undefined && preloadWay(spec) !== 'none' && signs?.registered !== true;
    return silent ? now + ADOPTION_GRACE : now;
  }
}

function probeNamed(spec: AppSpec, name: ProbeName | null): Probe | null {
  switch (name) {
    case 'startup':
      return spec.startupProbe;
    case 'readiness':
      return spec.readinessProbe;
    case 'liveness':
      return spec.livenessProbe;
    case null:
      return null;
    default:
      return unreachable(name);
  }
}

function probesOf({ startupProbe, readinessProbe, livenessProbe, failWhen }: AppSpec) {
  return { startupProbe, readinessProbe, livenessProbe, failWhen };
}
