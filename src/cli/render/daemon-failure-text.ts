import type { Failure, Program } from '../../domain/failure.ts';
import { unreachable } from '../../util/unreachable.ts';

/** What is wrong with the daemon, or with what it keeps. */
type DaemonFailure = Extract<Failure, { reason: `daemon-${string}` | (typeof OTHERS)[number] }>;

const OTHERS = ['home-unusable', 'bad-request', 'store-failed'] as const;

export function isDaemonFailure(failure: Failure): failure is DaemonFailure {
  const others: readonly string[] = OTHERS;
  return failure.reason.startsWith('daemon-') || others.includes(failure.reason);
}

export function daemonHeadline(failure: DaemonFailure): string {
  switch (failure.reason) {
    case 'daemon-unreachable':
      return `no daemon answers on ${failure.socket}: ${failure.cause}; apps that run go on running`;
    case 'daemon-incompatible':
      return `the daemon is eco ${failure.daemonVersion}, this is eco ${failure.cliVersion}, and they do not understand each other; apps that run go on running`;
    case 'daemon-ending':
      return 'the daemon is about to end and begins nothing any more; apps that run go on running';
    case 'daemon-does-not-end':
      return `the daemon was told to end, but pid ${failure.pid} still runs; apps that run go on running`;
    case 'daemon-not-replaced':
      return `the daemon that runs now is ${programText(failure.found)}, not ${programText(failure.wanted)}; apps that run go on running`;
    case 'home-unusable':
      return `${failure.home} cannot be used: ${failure.problem}; nothing was changed`;
    case 'bad-request':
      return `the daemon did not understand the request: ${failure.problem}; nothing was changed`;
    case 'store-failed':
      return `${failure.path} could not be written: ${failure.problem}; what ran before runs on`;
    default:
      return unreachable(failure);
  }
}

export function daemonAdvice(failure: DaemonFailure): readonly string[] {
  switch (failure.reason) {
    case 'daemon-unreachable':
      return [`Its log: ${failure.log}`, 'Start it: eco daemon start'];
    case 'daemon-incompatible':
      return ['Put this version in its place; no app stops: eco daemon upgrade'];
    case 'daemon-ending':
      return ['The next one goes on from where it is: eco apply'];
    case 'daemon-does-not-end':
      return [`See whether it does by now: eco daemon status. Else end it; no app stops: kill -9 ${failure.pid}`];
    case 'daemon-not-replaced':
      return failure.service === null
        ? ['Another eco has started it meanwhile. Try again: eco daemon upgrade']
        : [`${failure.service} starts another eco than this one. Tell it to start this one: eco startup`];
    case 'home-unusable':
      return ['Mend it, or use another folder: ECO_HOME=/path/of/yours eco …'];
    case 'bad-request':
      return ['See which version the daemon is: eco daemon status'];
    case 'store-failed':
      return ['Make room for it or mend its permissions, then: eco apply'];
    default:
      return unreachable(failure);
  }
}

function programText({ version, node }: Program): string {
  return `eco ${version} on Node ${node}`;
}
