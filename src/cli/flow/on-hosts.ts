import type { Failure } from '../../domain/failure.ts';
import { formatHost, type Host } from '../../domain/host.ts';
import { allHosts } from '../../domain/host-group.ts';
import type { ProjectName } from '../../domain/names.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { say, writeJson } from '../render/console.ts';
import {
  formatHostHeading,
  formatHostReport,
  hostsDocument,
  hostsLine,
  type HostOutcome,
  type HostReport,
  type HostStanding,
} from '../render/hosts-text.ts';

/** The same command for one machine. */
export type RunThere = (there: CliContext) => Promise<number>;

/** null: the file is for no hosts, or not for the one that was named; what failed is to be told. */
export function hostsOf(failure: Failure): FileHosts | null {
  if (failure.reason !== 'runs-elsewhere' || failure.asked !== null) return null;
  return { project: failure.project, hosts: allHosts(failure.groups) };
}

/** Looks at each machine, whatever comes of the others. */
export async function lookOnHosts(context: CliContext, hosts: readonly Host[], run: RunThere): Promise<number> {
  const { console } = context;
  const codes: number[] = [];
  const documents: object[] = [];
  for (const [index, host] of hosts.entries()) {
    let printed = '';
    const there = await context.reach(host);
    if (!console.json) console.out(`${formatHostHeading(host, { index, of: hosts.length }, console)}\n`);
    const out = (text: string): void => void (printed += text);
    try {
      const own = console.json ? { ...there, console: { ...there.console, out } } : there;
      codes.push(await run(own));
    } finally {
      await there.close();
    }
    documents.push({ host: formatHost(host), exit_code: codes.at(-1), document: parsed(printed) });
    if (!console.json && index < hosts.length - 1) console.out('\n');
  }
  if (console.json) writeJson(console, hostsDocument(documents));
  return together(codes);
}

/** A failure before changes, and those before drift. */
function together(codes: readonly number[]): number {
  const failed = codes.find(
    (code) => ![EXIT.success, EXIT.changesPending, EXIT.onlyDrift].some((fine) => fine === code),
  );
  if (failed !== undefined) return failed;
  return [EXIT.changesPending, EXIT.onlyDrift].find((code) => codes.includes(code)) ?? EXIT.success;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

export interface FileHosts {
  readonly project: ProjectName;
  readonly hosts: readonly Host[];
}

/** Changes one machine after the other. Where it fails, those that come after it stay as they are; in the end stands what runs where. */
export async function changeOnHosts(
  context: CliContext,
  { project, hosts }: FileHosts,
  run: RunThere,
): Promise<number> {
  const { console } = context;
  const outcomes: { readonly host: Host; readonly there: CliContext; readonly outcome: HostOutcome }[] = [];
  let failed: number | null = null;
  try {
    for (const [index, host] of hosts.entries()) {
      const there = await context.reach(host);
      if (failed !== null) {
        outcomes.push({ host, there, outcome: { type: 'untouched' } });
        continue;
      }
      if (console.json) console.out(hostsLine({ type: 'host', host: formatHost(host) }));
      say(console, formatHostHeading(host, { index, of: hosts.length }, console));
      const exitCode = await run(there);
      say(console, '');
      if (exitCode !== EXIT.success) failed = exitCode;
      outcomes.push({
        host,
        there,
        outcome: exitCode === EXIT.success ? { type: 'done' } : { type: 'failed', exitCode },
      });
    }
    const reports: HostReport[] = [];
    for (const { host, there, outcome } of outcomes)
      reports.push({ host, outcome, standing: await standingOf(there, project) });
    if (console.json) console.out(hostsLine({ type: 'hosts', hosts: reports }));
    say(console, formatHostReport(reports));
  } finally {
    for (const { there } of outcomes) await there.close();
  }
  return failed ?? EXIT.success;
}

/** What runs of the project there now. */
async function standingOf(there: CliContext, project: ProjectName): Promise<Result<HostStanding>> {
  const client = await there.connect('never');
  if (!client.ok) return client.error.reason === 'daemon-unreachable' ? ok([]) : err(client.error);
  const observed = await client.value.observe(project);
  if (!observed.ok) return observed;
  const apps = observed.value.projects.flatMap((found) => (found.name === project ? found.apps : []));
  const standing = apps.map(async (app) => {
    const history = await client.value.history({ project, app: app.name });
    const entry = history.ok ? history.value.entries.find(({ revision }) => revision === app.revision) : undefined;
    return { app, commit: entry?.source?.commit ?? null };
  });
  return ok(await Promise.all(standing));
}
