import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { connectDaemon, daemonAddress } from '../../client/connect.ts';
import type { GivenEcosystem } from '../../config/given-ecosystem.ts';
import type { LoadedEcosystem, LoadOptions } from '../../config/load-ecosystem.ts';
import type { Location } from '../../domain/diagnostic.ts';
import type { Program } from '../../domain/failure.ts';
import type { AppName } from '../../domain/names.ts';
import { ok, type Result } from '../../domain/result.ts';
import { Channels, readAllText } from '../../platform/channels.ts';
import { passOn } from '../../platform/pass-on.ts';
import { ownStreams } from '../../platform/stdio.ts';
import { deferred } from '../../util/deferred.ts';
import { unreachable } from '../../util/unreachable.ts';
import { GREETING, type DialCall, type DialedDaemon, type Greeting } from '../../protocol/dial.ts';
import type { CliContext, DaemonStart } from '../context.ts';

/** What a `load` asks for: a file that was read on another machine. */
export interface FarLoad extends Pick<LoadOptions, 'codeRevision'> {
  readonly given: GivenEcosystem;
  readonly envName: string | null;
  readonly revision: string | null;
  /** Stands for the folder of the file; null: the one that a login begins in. */
  readonly folder: string | null;
}

/** A `LoadedEcosystem` as JSON. */
export interface FarLoaded extends Pick<LoadedEcosystem, 'desired' | 'warnings'> {
  readonly places: Readonly<Record<AppName, Location | null>>;
}

/** `eco dial-stdio`: what eco on another machine asks this one over ssh. Ends with its input. */
export async function answerDial(context: CliContext): Promise<void> {
  const { input, output } = ownStreams();
  const ended = deferred<void>();
  const { version, node } = context.program;
  const { user, host } = await context.actor();
  const greeting: Greeting = { version, node, user, host, home: context.home };
  output.write(`${GREETING}${JSON.stringify(greeting)}\n`);
  const channels = new Channels({
    input,
    output,
    onOpen: (name, channel) => {
      channel.on('error', () => {});
      if (name === 'daemon') passOn(channel, daemonAddress(context.home).socketPath);
      else void answerCall(context, channel);
    },
    onEnd: ended.resolve,
  });
  await ended.promise;
  channels.close();
  input.destroy();
}

async function answerCall(context: CliContext, channel: Duplex): Promise<void> {
  const call = JSON.parse(await readAllText(channel)) as DialCall;
  channel.end(JSON.stringify(await answerTo(context, call)));
}

async function answerTo(context: CliContext, { call, body }: DialCall): Promise<Result<unknown>> {
  switch (call) {
    case 'connect':
      return connectHere(context.home, body as DaemonStart);
    case 'home-has-apps':
      return ok(await context.homeHasApps());
    case 'started-workers':
      return ok(await context.startedWorkers());
    case 'prepare-sync': {
      const { prepareSyncTarget } = await import('../../platform/sync-target.ts');
      return ok(prepareSyncTarget(await folderHere(context, body as string | null)));
    }
    case 'source':
      return ok(await context.source(await folderHere(context, body as string | null)));
    case 'load':
      return loadHere(context, body as FarLoad);
    default:
      return unreachable(call);
  }
}

async function connectHere(home: string, start: DaemonStart): Promise<Result<DialedDaemon>> {
  let other: Program | null = null;
  const onOtherVersion = ({ version, node }: Program): void => void (other = { version, node });
  const connected = await connectDaemon({ home, start, onOtherVersion });
  if (!connected.ok) return connected;
  const { socketPath: socket, log } = daemonAddress(home);
  return ok({ socket, log, other });
}

async function loadHere(context: CliContext, load: FarLoad): Promise<Result<FarLoaded>> {
  const { given, envName, revision, codeRevision } = load;
  const { environment, home } = context;
  const { loadGiven } = await import('../../config/load-ecosystem.ts');
  const loaded = await loadGiven(given, {
    ...(envName === null ? {} : { envName }),
    ...(revision === null ? {} : { revision }),
    codeRevision,
    environment,
    home,
    folder: await folderHere(context, load.folder),
  });
  if (!loaded.ok) return loaded;
  const { desired, warnings, locateApp } = loaded.value;
  const places = Object.fromEntries(desired.apps.map(({ name }) => [name, locateApp(name)]));
  return ok({ desired, warnings, places });
}

async function folderHere({ cwd }: CliContext, folder: string | null): Promise<string> {
  const { expandHome } = await import('../../config/find-file.ts');
  return resolve(cwd, expandHome(folder ?? '.'));
}
