import type { DaemonClient } from '../../client/daemon-client.ts';
import type { RecordedEvent } from '../../domain/event.ts';
import { appStatus, type ObservedApp } from '../../domain/observed-state.ts';
import type { Health } from '../../platform/health.ts';
import type { CliContext } from '../context.ts';
import { checkup, type Facts } from '../doctor/checkup.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { stillThere } from '../flow/stray-workers.ts';
import { writeJson } from '../render/console.ts';
import { doctorDocument, formatFindings } from '../render/doctor-text.ts';
import { appsOf } from '../targets.ts';

/** Only looks: no daemon is started, and nothing is mended. 1 if anything is bad. */
export async function doctor(context: CliContext): Promise<ExitCode> {
  const { console } = context;
  const findings = checkup(await gather(context));
  if (console.json) writeJson(console, doctorDocument(findings));
  else console.out(`${formatFindings(findings, console)}\n`);
  return findings.some(({ status }) => status === 'bad') ? EXIT.unclassified : EXIT.success;
}

async function gather(context: CliContext): Promise<Facts> {
  const { home, program, clock } = context;
  const health = await context.health();
  // Before the daemon is asked, which may start one at any moment.
  const workers = await context.startedWorkers();
  const running = await context.runningDaemon();
  const client = running.ok ? running.value : null;
  const info = await client?.info();
  const daemon = info?.ok === true ? info.value : null;
  const observed = await client?.observe();
  const apps = observed?.ok === true ? appsOf(observed.value, null) : [];
  return {
    version: program.version,
    node: program.node,
    platform: health.platform,
    home,
    folder: health.folder(home),
    daemon,
    openFiles: health.openFiles(daemon?.pid ?? null),
    apps,
    homeHasApps: await context.homeHasApps(),
    workers: stillThere(workers, await context.startedWorkers()),
    takenPorts: await takenPorts(apps, health),
    newestEvent: client === null ? null : await newestEvent(client),
    now: clock.wallTime(),
  };
}

async function takenPorts(apps: readonly ObservedApp[], health: Health): Promise<Facts['takenPorts']> {
  const wanted = apps.flatMap((app) => {
    const port = Number(app.spec.env['PORT']);
    const serves = ['ready', 'degraded'].includes(appStatus(app)) || app.goal === 'stopped';
    return serves || !Number.isInteger(port) || port < 1 || port > 65_535 ? [] : [{ app: app.name, port }];
  });
  const taken = await Promise.all(wanted.map(({ port }) => health.isPortTaken(port)));
  return wanted.filter((_, index) => taken[index] === true);
}

async function newestEvent(client: DaemonClient): Promise<RecordedEvent | null> {
  for await (const message of client.events({ follow: false }, new AbortController().signal)) {
    if (message.ok && message.value.type === 'recent') return message.value.events.at(-1) ?? null;
  }
  return null;
}
