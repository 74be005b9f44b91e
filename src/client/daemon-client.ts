import type { ProjectLock } from '../domain/lock.ts';
import type { CodeManifest } from '../domain/revision.ts';
import type { AppHistory } from '../domain/history.ts';
import type { ObservedState } from '../domain/observed-state.ts';
import type { ProjectName } from '../domain/names.ts';
import type { Result } from '../domain/result.ts';
import type {
  ClaimAnswer,
  ClaimRequest,
  DaemonInfo,
  FlushAnswer,
  FlushRequest,
  EventMessage,
  HistoryQuery,
  LockMessage,
  LockRequest,
  LogMessage,
  LogQuery,
  ResetRequest,
  ShutdownRequest,
  SignalAnswer,
  SignalRequest,
  StepMessage,
  StepOutcome,
  StepRequest,
  UnlockRequest,
} from '../protocol/control.ts';

/** The daemon as the CLI sees it. Every method answers a `daemon-unreachable` failure when the daemon is gone. */
export interface DaemonClient {
  readonly info: () => Promise<Result<DaemonInfo>>;
  readonly observe: (project?: ProjectName, options?: ObserveOptions) => Promise<Result<ObservedState>>;
  /** Refused, or granted until the connection ends. */
  readonly lock: (request: LockRequest, signal: AbortSignal) => AsyncIterable<Result<LockMessage>>;
  readonly unlock: (request: UnlockRequest) => Promise<Result<ProjectLock>>;
  readonly claim: (request: ClaimRequest) => Promise<Result<ClaimAnswer>>;
  readonly step: (request: StepRequest, options: StepOptions) => Promise<Result<StepOutcome>>;
  /** Empty if the daemon does not know the digest. */
  readonly manifest: (digest: string) => Promise<Result<CodeManifest>>;
  readonly history: (query: HistoryQuery) => Promise<Result<AppHistory>>;
  readonly logs: (query: LogQuery, signal: AbortSignal) => AsyncIterable<Result<LogMessage>>;
  readonly flush: (request: FlushRequest) => Promise<Result<FlushAnswer>>;
  readonly events: (options: { readonly follow: boolean }, signal: AbortSignal) => AsyncIterable<Result<EventMessage>>;
  readonly signal: (request: SignalRequest) => Promise<Result<SignalAnswer>>;
  readonly reset: (request: ResetRequest) => Promise<Result<void>>;
  readonly shutdown: (request: ShutdownRequest) => Promise<Result<void>>;
}

export interface ObserveOptions {
  /** Waits, a moment at most, for what workers have to tell that the daemon has just adopted: for a plan it counts. */
  readonly settled: boolean;
}

export interface StepOptions {
  readonly onProgress: (message: Extract<StepMessage, { type: 'progress' }>) => void;
  /** Aborting stops the waiting, not the step: the daemon finishes what it began. */
  readonly signal: AbortSignal;
}
