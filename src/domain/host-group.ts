import { formatHost, type Host } from './host.ts';

/** Machines that run the same apps. */
export interface HostGroup {
  readonly name: string;
  /** In the order in which they are applied to: the first is the canary. */
  readonly hosts: readonly Host[];
}

/** Each machine of the groups once, in their order. */
export function allHosts(groups: readonly HostGroup[]): readonly Host[] {
  const byForm = new Map(groups.flatMap(({ hosts }) => hosts).map((host) => [formatHost(host), host]));
  return [...byForm.values()];
}

/** The same machine for the same user, whatever the folder. */
export function isSameHost(a: Host, b: Host): boolean {
  return a.user === b.user && a.name === b.name && (a.port ?? DEFAULT_PORT) === (b.port ?? DEFAULT_PORT);
}

const DEFAULT_PORT = 22;
