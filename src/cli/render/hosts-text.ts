import { formatHost, type Host } from '../../domain/host.ts';
import { readyCount, type ObservedApp } from '../../domain/observed-state.ts';
import type { Result } from '../../domain/result.ts';
import { printable } from '../../reconcile/printable.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { Console } from './console.ts';
import { failureHeadline } from './failure-text.ts';

export type HostOutcome =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly exitCode: number }
  /** One before it failed. */
  | { readonly type: 'untouched' };

/** The apps of a project; `commit`: of their revision. */
export type HostStanding = readonly { readonly app: ObservedApp; readonly commit: string | null }[];

export interface HostReport {
  readonly host: Host;
  readonly outcome: HostOutcome;
  readonly standing: Result<HostStanding>;
}

interface Place {
  readonly index: number;
  readonly of: number;
}

export function formatHostHeading(host: Host, { index, of }: Place, { colour }: Pick<Console, 'colour'>): string {
  const text = `${formatHost(host)} · ${index + 1} of ${of}`;
  return colour ? `\u001B[1m${text}\u001B[22m` : text;
}

/** A line for each machine: what was done, and what runs there now. */
export function formatHostReport(reports: readonly HostReport[]): string {
  const rows = reports.map(({ host, outcome, standing }) => {
    return [
      formatHost(host),
      outcomeText(outcome),
      standing.ok ? standingText(standing.value) : failureHeadline(standing.error),
    ];
  });
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(([host = '', outcome = '', standing = '']) =>
      `${host.padEnd(first)}  ${outcome.padEnd(second)}  ${standing}`.trimEnd(),
    )
    .join('\n');
}

function outcomeText(outcome: HostOutcome): string {
  switch (outcome.type) {
    case 'done':
      return 'done';
    case 'failed':
      return `failed (${outcome.exitCode})`;
    case 'untouched':
      return 'untouched';
    default:
      return unreachable(outcome);
  }
}

function standingText(standing: HostStanding): string {
  if (standing.length === 0) return 'no apps';
  return standing
    .map(({ app, commit }) => {
      const of = commit === null ? '' : `, commit ${commit.slice(0, 7)}`;
      return printable(`${app.name} revision ${app.revision}${of} (${readyCount(app)}/${app.spec.instances} ready)`);
    })
    .join('; ');
}

export function hostsDocument(hosts: readonly object[]): object {
  return { format_version: '1.0', hosts };
}

type HostsLine =
  | { readonly type: 'host'; readonly host: string }
  | { readonly type: 'hosts'; readonly hosts: readonly HostReport[] };

/** Lines of `apply --json` about several machines. */
export function hostsLine(line: HostsLine): string {
  const document = line.type === 'host' ? line : { type: 'hosts', hosts: line.hosts.map(reportDocument) };
  return `${JSON.stringify(document)}\n`;
}

function reportDocument({ host, outcome, standing }: HostReport): object {
  const apps = standing.ok
    ? standing.value.map(({ app, commit }) => {
        return { name: app.name, revision: app.revision, commit, ready: readyCount(app), desired: app.spec.instances };
      })
    : null;
  const exitCode = outcome.type === 'untouched' ? null : outcome.type === 'failed' ? outcome.exitCode : 0;
  return { host: formatHost(host), outcome: outcome.type, exit_code: exitCode, apps };
}
