import type { SshOptions } from '../../client/ssh-words.ts';
import { splitWords } from '../../config/words.ts';
import type { Host } from '../../domain/host.ts';
import type { CliContext } from '../context.ts';
import { temporaryFolder } from '../../platform/temporary-folder.ts';
import type { OutputFlags } from '../program/options.ts';
import { remoteContext } from './remote-context.ts';

/** The same commands about a machine, as the flags say to go there. */
export function reach(here: CliContext, host: Host, flags: OutputFlags): CliContext {
  const folder = flags.sync === true ? temporaryFolder() : null;
  const shared = folder === null ? null : `${folder.path}/ssh`;
  const there = remoteContext(here, { host: withFlags(host, here, flags), ssh: { ...sshOptions(here), shared } });
  return {
    ...there,
    close: async () => {
      await there.close();
      folder?.remove();
    },
  };
}

/** What is said for this one command comes before what the host says, and that before what is said for all. */
export function withFlags(host: Host, { environment }: CliContext, { remoteCwd, remoteEco }: OutputFlags): Host {
  const general = environment['ECO_REMOTE_COMMAND'] ?? '';
  return {
    ...host,
    folder: remoteCwd ?? host.folder,
    command: remoteEco ?? host.command ?? (general === '' ? null : general),
  };
}

/** ECO_SSH is a command line: `ssh -F ci-config`. */
export function sshOptions({ environment, console }: CliContext): SshOptions {
  const words = splitWords(environment['ECO_SSH'] ?? '')?.words ?? [];
  return { ssh: words.length === 0 ? ['ssh'] : words, interactive: console.isInteractive, shared: null };
}
