import { join } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds } from '../domain/time.ts';
import type { Failure } from '../domain/failure.ts';
import { PROTOCOL_VERSION, type DaemonInfo } from '../protocol/control.ts';
import { systemClock, wait } from '../platform/clock.ts';
import { lastLines } from '../platform/log-files.ts';
import { untrustworthyFolder } from '../platform/private-folder.ts';
import type { DaemonClient } from './daemon-client.ts';
import { httpClient } from './http-client.ts';

export interface ConnectOptions {
  readonly home: string;
  readonly start: 'if-absent' | 'never';
}

const START_TIMEOUT = seconds(15);
const START_POLL = 15;

/** A daemon of the home that answers and speaks this version's protocol; started if it is absent and that is asked. */
export async function connectDaemon({ home, start }: ConnectOptions): Promise<Result<DaemonClient>> {
  const problem = untrustworthyFolder(home);
  if (problem !== null) return err({ reason: 'home-unusable', home, problem });
  const client = httpClient(join(home, 'daemon.sock'), join(home, 'daemon.log'));
  const info = await client.info();
  if (info.ok) return compatible(client, info.value);
  if (start === 'never' || info.error.reason !== 'daemon-unreachable') return info;
  return startAndConnect(home, client);
}

async function startAndConnect(home: string, client: DaemonClient): Promise<Result<DaemonClient>> {
  const { daemonLog, startDaemon } = await import('../platform/start-daemon.ts');
  const daemon = startDaemon(home);
  if (typeof daemon === 'string') return err({ reason: 'home-unusable', home, problem: daemon });
  const deadline = systemClock.now() + START_TIMEOUT;
  for (;;) {
    const info = await client.info();
    if (info.ok) return compatible(client, info.value);
    const ended = daemon.ended();
    // Exit code 0: another daemon was faster, and will answer.
    const hopeless = (ended !== null && ended.code !== 0) || systemClock.now() > deadline;
    if (hopeless) return err(unreachable(info.error, lastLines(daemonLog(home), 1)));
    await wait(START_POLL);
  }
}

function compatible(client: DaemonClient, { protocol, version }: DaemonInfo): Result<DaemonClient> {
  if (protocol === PROTOCOL_VERSION) return ok(client);
  return err({ reason: 'daemon-incompatible', daemonVersion: version, cliVersion: ECO_VERSION });
}

/** The daemon's own last word says more than that nobody answers. */
function unreachable(failure: Failure, [lastWord]: readonly string[]): Failure {
  return failure.reason === 'daemon-unreachable' && lastWord !== undefined ? { ...failure, cause: lastWord } : failure;
}
