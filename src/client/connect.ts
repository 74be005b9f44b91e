import { join } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds, type Milliseconds } from '../domain/time.ts';
import type { Failure } from '../domain/failure.ts';
import { PROTOCOL_VERSION, type DaemonInfo } from '../protocol/control.ts';
import { systemClock, wait } from '../platform/clock.ts';
import { lastLines } from '../platform/log-files.ts';
import { untrustworthyFolder } from '../platform/private-folder.ts';
import type { DaemonClient } from './daemon-client.ts';
import { httpClient } from './http-client.ts';

export interface ConnectOptions {
  readonly home: string;
  /** `by-service`: what keeps it running starts it; who asks does so only if it takes too long. */
  readonly start: 'if-absent' | 'by-service' | 'never';
  /** Told of a daemon of another version, where the two understand each other. */
  readonly onOtherVersion?: (info: DaemonInfo) => void;
}

const START_TIMEOUT = seconds(15);
const START_POLL = 15;

/** A daemon of the home that answers and speaks this version's protocol; started if it is absent and that is asked. */
export async function connectDaemon(options: ConnectOptions): Promise<Result<DaemonClient>> {
  const { home, start } = options;
  const trusted = clientOf(home);
  if (!trusted.ok) return trusted;
  const client = trusted.value;
  const info = start === 'by-service' ? await answerWithin(client, START_TIMEOUT) : await client.info();
  const missing = !info.ok && info.error.reason === 'daemon-unreachable' && start !== 'never';
  const found = missing ? await startDaemonOf(home, client) : info;
  if (!found.ok) return found;
  const { protocol, version } = found.value;
  if (protocol !== PROTOCOL_VERSION) {
    return err({ reason: 'daemon-incompatible', daemonVersion: version, cliVersion: ECO_VERSION });
  }
  if (version !== ECO_VERSION) options.onOtherVersion?.(found.value);
  return ok(client);
}

/** A daemon that runs, of whatever version: only `info` and a `shutdown` without apps mean the same to all of them. */
export async function runningDaemon(home: string): Promise<Result<DaemonClient>> {
  const client = clientOf(home);
  if (!client.ok) return client;
  const info = await client.value.info();
  return info.ok ? client : info;
}

/** Where the daemon of a home is, whether or not it runs. */
export function daemonAddress(home: string): { readonly socketPath: string; readonly log: string } {
  return { socketPath: join(home, 'daemon.sock'), log: join(home, 'daemon.log') };
}

function clientOf(home: string): Result<DaemonClient> {
  const problem = untrustworthyFolder(home);
  if (problem !== null) return err({ reason: 'home-unusable', home, problem });
  return ok(httpClient(daemonAddress(home)));
}

async function answerWithin(client: DaemonClient, within: Milliseconds): Promise<Result<DaemonInfo>> {
  const deadline = systemClock.now() + within;
  for (;;) {
    const info = await client.info();
    if (info.ok || systemClock.now() > deadline) return info;
    await wait(START_POLL);
  }
}

async function startDaemonOf(home: string, client: DaemonClient): Promise<Result<DaemonInfo>> {
  const { daemonLog, startDaemon } = await import('../platform/start-daemon.ts');
  const daemon = startDaemon(home);
  if (typeof daemon === 'string') return err({ reason: 'home-unusable', home, problem: daemon });
  const deadline = systemClock.now() + START_TIMEOUT;
  for (;;) {
    const info = await client.info();
    if (info.ok) return info;
    const ended = daemon.ended();
    // Exit code 0: another daemon was faster, and will answer.
    const hopeless = (ended !== null && ended.code !== 0) || systemClock.now() > deadline;
    if (hopeless) return err(unreachable(info.error, lastLines(daemonLog(home), 1)));
    await wait(START_POLL);
  }
}

/** The daemon's own last word says more than that nobody answers. */
function unreachable(failure: Failure, [lastWord]: readonly string[]): Failure {
  return failure.reason === 'daemon-unreachable' && lastWord !== undefined ? { ...failure, cause: lastWord } : failure;
}
