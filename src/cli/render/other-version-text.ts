import type { Program } from '../../domain/failure.ts';

/** For every command that asks a daemon of another version, as long as the two understand each other. */
export function formatOtherVersion({ daemon, cli }: { readonly daemon: Program; readonly cli: Program }): string {
  return `The daemon is eco ${daemon.version}, this is eco ${cli.version}. Put this version in its place; no app stops: eco daemon upgrade`;
}
