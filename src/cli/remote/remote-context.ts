import { dirname } from 'node:path';
import type { DaemonClient } from '../../client/daemon-client.ts';
import type { FarEco } from '../../client/dial.ts';
import type { SshOptions } from '../../client/ssh-words.ts';
import type { LoadedEcosystem, LoadOptions } from '../../config/load-ecosystem.ts';
import { formatHost, type Host } from '../../domain/host.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Source } from '../../domain/history.ts';
import { equalJson } from '../../util/compare.ts';
import type { CliContext, DaemonStart } from '../context.ts';
import type { StartedWorker } from '../flow/stray-workers.ts';
import { hint } from '../render/console.ts';
import { formatOtherVersion } from '../render/other-version-text.ts';
import type { FarLoad, FarLoaded } from './answer-dial.ts';

export interface RemoteOptions {
  readonly host: Host;
  readonly ssh: SshOptions;
}

/** The same commands, about another machine: what they show and ask is here, the daemon, the apps and their files are there. */
export function remoteContext(here: CliContext, { host, ssh }: RemoteOptions): CliContext {
  let dialed: Promise<Result<FarEco>> | null = null;
  const { version } = here.program;
  const far = (): Promise<Result<FarEco>> => {
    dialed ??= import('../../client/dial.ts').then(({ dial }) =>
      dial(host, { ...ssh, version, onError: here.console.err }),
    );
    return dialed;
  };
  return {
    ...here,
    host,
    place: async () => {
      const eco = await far();
      // Nobody who has not been there asks.
      return eco.ok ? eco.value.greeting : { host: formatHost(host), home: '' };
    },
    connect: async (start) => connectThrough(here, await far(), start),
    runningDaemon: async () => connectThrough(here, await far(), 'never'),
    homeHasApps: async () => {
      const answer = await asked<boolean>(await far(), 'home-has-apps', null);
      // Where the way has broken off, whoever asks next is told.
      return !answer.ok || answer.value;
    },
    startedWorkers: async () => {
      const answer = await asked<readonly StartedWorker[]>(await far(), 'started-workers', null);
      return answer.ok ? answer.value : [];
    },
    // Code that was copied there without its repository was checked out here.
    source: async (folder) => {
      const answer = await asked<Source | null>(await far(), 'source', host.folder);
      return answer.ok && answer.value !== null ? answer.value : here.source(folder);
    },
    load: async (options) => loadThrough({ here, far, host, ssh }, options),
    close: async () => {
      const eco = await dialed;
      if (eco?.ok === true) await eco.value.close();
    },
  };
}

function asked<T>(eco: Result<FarEco>, name: Parameters<FarEco['call']>[0], body: unknown): Promise<Result<T>> {
  return eco.ok ? eco.value.call<T>(name, body) : Promise.resolve(eco);
}

async function connectThrough(
  here: CliContext,
  eco: Result<FarEco>,
  start: DaemonStart,
): Promise<Result<DaemonClient>> {
  if (!eco.ok) return eco;
  const daemon = await eco.value.call<Parameters<FarEco['client']>[0]>('connect', start);
  if (!daemon.ok) return daemon;
  const { other } = daemon.value;
  if (other !== null) hint(here.console, formatOtherVersion({ daemon: other, cli: here.program }));
  return ok(eco.value.client(daemon.value));
}

interface Way extends RemoteOptions {
  readonly here: CliContext;
  readonly far: () => Promise<Result<FarEco>>;
}

/** What is wrong with the file by itself is told before anybody is asked. */
async function loadThrough({ here, far, host, ssh }: Way, options: LoadOptions): Promise<Result<LoadedEcosystem>> {
  const { gatherEcosystem } = await import('../../config/load-ecosystem.ts');
  const gathered = await gatherEcosystem(options);
  if (!gathered.ok) return gathered;
  const { given, warnings } = gathered.value;
  const { envName = null, revision = null, codeRevision } = options;
  const load: FarLoad = { given: withoutOddities(given), envName, revision, codeRevision, folder: host.folder };
  const eco = await far();
  if (!eco.ok) return eco;
  if (options.sync === true) {
    const { copyThere } = await import('./copy-there.ts');
    const copied = await copyThere(here, { eco: eco.value, host, ssh, from: dirname(given.files[0]?.file ?? '.') });
    if (!copied.ok) return copied;
  }
  const loaded = await eco.value.call<FarLoaded>('load', load);
  if (!loaded.ok) return err(loaded.error);
  const { desired, places } = loaded.value;
  // Some of what a program can hold, and is warned of, has no form in JSON.
  const more = warnings.filter((warning) => !loaded.value.warnings.some((known) => equalJson(known, warning)));
  return ok({
    desired,
    warnings: [...more, ...loaded.value.warnings],
    locateApp: (name) => (Object.hasOwn(places, name) ? (places[name] ?? null) : null),
  });
}

/** A program may give numbers that JSON does not know; they are text in an environment, and nothing anywhere else. */
function withoutOddities(given: FarLoad['given']): FarLoad['given'] {
  const text = JSON.stringify(given, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return JSON.parse(text) as FarLoad['given'];
}
