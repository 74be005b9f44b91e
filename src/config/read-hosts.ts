import { formatHost, parseHost, type Host, type HostMistake } from '../domain/host.ts';
import { isSameHost, type HostGroup } from '../domain/host-group.ts';
import { nearest } from '../util/edit-distance.ts';
import type { MergedApp } from './merge.ts';
import { listOf } from './read-env.ts';
import type { Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord, type SourcePath } from './source.ts';

/** `hosts` of a file, in the order in which they are written. What is no map of lists has been reported. */
export function readHosts(part: Part | null, report: Report): readonly HostGroup[] {
  if (part === null || !isRecord(part.value)) return [];
  const groups = Object.entries(part.value).map(([name, written]) => {
    const isList = Array.isArray(written);
    const hosts = listOf(written).flatMap((text, index) => {
      const path = [...part.path, name, ...(isList ? [index] : [])];
      const parsed = parseHost(text);
      if (!parsed.ok) reportHost(path, { text, mistake: parsed.error }, report);
      return parsed.ok ? [parsed.value] : [];
    });
    return { name, hosts };
  });
  reportTwice(part, groups, report);
  return groups;
}

/** What an app is on a machine can only be one thing. */
function reportTwice(part: Part, groups: readonly HostGroup[], report: Report): void {
  const hosts = groups.flatMap(({ hosts }) => hosts);
  const twice = hosts.find((host) =>
    hosts.some((other) => isSameHost(host, other) && formatHost(host) !== formatHost(other)),
  );
  if (twice === undefined) return;
  report.error('ECO1322', part.path, {
    message: `${formatHost({ ...twice, folder: null })} is named twice, with different folders`,
    part: 'key',
  });
}

function reportHost(
  path: SourcePath,
  { text, mistake }: { readonly text: string; readonly mistake: HostMistake },
  report: Report,
): void {
  report.error('ECO1322', path, {
    message: `${JSON.stringify(text)} is no host: ${MISTAKES[mistake]}`,
    hint: 'write ssh://user@host, ssh://user@host:2222 or ssh://user@host/srv/app',
  });
}

const MISTAKES: Readonly<Record<HostMistake, string>> = {
  'no-url': 'it does not begin with ssh://',
  password: 'ssh takes no password from an address',
  user: 'no user has such a name',
  name: 'no machine has such a name',
  port: 'a port is a number from 1 to 65535',
  query: 'behind the question mark only eco=COMMAND may stand',
  encoding: 'a % begins no character',
};

/** On which hosts an app runs: those of the groups that it names; without any, on all. */
export function hostsOf({ options }: MergedApp, groups: readonly HostGroup[]): readonly Host[] {
  const part = options.get('on');
  const names = part === undefined ? groups.map(({ name }) => name) : listOf(part.value);
  return groups.filter(({ name }) => names.includes(name)).flatMap(({ hosts }) => hosts);
}

/** What apps say of hosts and of each other. */
export function checkHosts(apps: readonly NamedApp[], groups: readonly HostGroup[], report: Report): void {
  for (const { merged } of apps) checkGroups(merged, groups, report);
  const places = new Map(apps.map(({ name, merged }) => [name, new Set(hostsOf(merged, groups).map(formatHost))]));
  for (const { name, merged } of apps) {
    const part = merged.options.get('depends_on');
    if (part === undefined || groups.length === 0) continue;
    const needs = isRecord(part.value) ? Object.keys(part.value) : listOf(part.value);
    for (const [index, need] of needs.entries()) {
      const without = [...(places.get(name) ?? [])].find((host) => places.get(need)?.has(host) === false);
      if (without === undefined) continue;
      const step = isRecord(part.value) ? [need] : Array.isArray(part.value) ? [index] : [];
      report.error('ECO1421', [...part.path, ...step], {
        message: `"${name}" depends on "${need}", which does not run on ${without}`,
        hint: 'an app waits for apps of its own machine only',
      });
    }
  }
}

export interface NamedApp {
  readonly name: string;
  readonly merged: MergedApp;
}

function checkGroups({ options }: MergedApp, groups: readonly HostGroup[], report: Report): void {
  const part = options.get('on');
  if (part === undefined) return;
  const names = groups.map(({ name }) => name);
  for (const [index, group] of listOf(part.value).entries()) {
    if (names.includes(group)) continue;
    const meant = nearest(group, names);
    const path = Array.isArray(part.value) ? [...part.path, index] : part.path;
    report.error('ECO1420', path, {
      message: `"${group}" is no group of "hosts"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      hint: names.length === 0 ? 'name the machines at the top: hosts: { web: [ssh://user@host] }' : undefined,
    });
  }
}
