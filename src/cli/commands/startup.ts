import { join } from 'node:path';
import type { BootProblem } from '../../domain/failure.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { BootMachine } from '../../platform/boot-machine.ts';
import { unreachable } from '../../util/unreachable.ts';
import { MARK, type BootFacts } from '../boot/boot-facts.ts';
import { bootService, type BootService, type BootStep } from '../boot/boot-service.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { say, writeJson } from '../render/console.ts';
import { bootDocument, bootStepsDocument, formatScript, formatStartup, formatUnstartup } from '../render/boot-text.ts';

export interface BootOptions {
  /** Whether root's service manager starts it at boot, instead of the user's own; absent: as root. */
  readonly system?: boolean;
  /** Whose daemon it is; absent: of whoever asks. */
  readonly user?: string;
  /** Shows what would be done, as a script, and does nothing. */
  readonly print?: boolean;
}

/** From now on the daemon starts at boot, and again whenever it ends. Changes nothing where it does already. */
export async function startup(context: CliContext, options: BootOptions): Promise<ExitCode> {
  const { console, bootMachine } = context;
  const machine = await bootMachine();
  const facts = await factsOf(context, { machine, options });
  if (!facts.ok) return fail(context, facts.error);
  const service = bootService(facts.value);
  if (options.print === true) return print(context, service.startup, facts.value);
  const before = await permitted(service, { command: 'startup', machine, facts: facts.value });
  if (!before.ok) return fail(context, before.error);
  const unchanged = before.value === service.text;
  const done = await carryOut(machine, unchanged ? service.startupAgain : service.startup);
  if (!done.ok) return fail(context, done.error);
  if (console.json) writeJson(console, bootDocument(service, { enabled: true }));
  else say(console, formatStartup(service, { unchanged }));
  return EXIT.success;
}

/** Takes back what `startup` made, and nothing else. The apps run on, and so does a daemon that ran. */
export async function unstartup(context: CliContext, options: BootOptions): Promise<ExitCode> {
  const { console, bootMachine } = context;
  const machine = await bootMachine();
  const facts = await factsOf(context, { machine, options });
  if (!facts.ok) return fail(context, facts.error);
  const service = bootService(facts.value);
  if (options.print === true) return print(context, service.unstartup, facts.value);
  const before = await permitted(service, { command: 'unstartup', machine, facts: facts.value });
  if (!before.ok) return fail(context, before.error);
  if (before.value !== null) {
    const undone = await undo(context, { machine, service });
    if (!undone.ok) return fail(context, undone.error);
  }
  if (console.json) writeJson(console, bootDocument(service, { enabled: false }));
  else say(console, formatUnstartup(service, { existed: before.value !== null, lingers: lingers(facts.value) }));
  return EXIT.success;
}

/** A daemon that the service kept running goes on without it. */
async function undo(
  context: CliContext,
  { machine, service }: { readonly machine: BootMachine; readonly service: BootService },
): Promise<Result<void>> {
  const running = await context.runningDaemon();
  const info = running.ok ? await running.value.info() : running;
  const done = await carryOut(machine, service.unstartup);
  if (!done.ok || !info.ok || info.value.service !== service.name) return done;
  await context.processEnd(info.value.pid, END_TIMEOUT);
  const next = await context.connect('if-absent');
  return next.ok ? done : next;
}

const END_TIMEOUT = 10_000;

interface Asking {
  readonly machine: BootMachine;
  readonly options: BootOptions;
}

async function factsOf(context: CliContext, { machine, options }: Asking): Promise<Result<BootFacts>> {
  const system = SERVICE_MANAGERS[machine.platform];
  if (system === undefined) {
    return notArranged({ type: 'no-service-manager', problem: machine.platform, words: machine.daemonCommand() });
  }
  const self = (await context.actor()).user;
  const user = options.user ?? self;
  const userHome = user === self ? machine.ownHome() : await machine.homeOf(user);
  if (userHome === null) return notArranged({ type: 'no-such-user', user });
  const { ECO_HOME } = context.environment;
  return ok({
    system,
    // The service manager of another user takes no orders.
    scope: user !== self || (options.system ?? machine.uid === 0) ? 'machine' : 'user',
    user,
    uid: machine.uid,
    userHome,
    configFolder: machine.configFolder(userHome),
    ecoHome: ECO_HOME === undefined || ECO_HOME === '' ? join(userHome, '.eco') : context.home,
    command: machine.daemonCommand(),
    environment: kept(context.environment),
  });
}

const SERVICE_MANAGERS: Readonly<Record<string, BootFacts['system']>> = { linux: 'systemd', darwin: 'launchd' };

/** Service managers set little, and neither where programs are nor the language. */
const KEPT = /^(PATH|LANG|LC_.*|TZ)$/;

function kept(environment: CliContext['environment']): Readonly<Record<string, string>> {
  const names = Object.keys(environment).filter((name) => KEPT.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, environment[name] ?? '']));
}

interface Permission {
  readonly command: 'startup' | 'unstartup';
  readonly machine: BootMachine;
  readonly facts: BootFacts;
}

/** What the service's file holds so far; null if there is none. */
async function permitted(
  service: BootService,
  { command, machine, facts }: Permission,
): Promise<Result<string | null>> {
  const { scope, user, ecoHome, environment } = facts;
  if (scope === 'machine' && machine.uid !== 0) {
    const variables = Object.entries({ ...environment, ECO_HOME: ecoHome }).map(([name, value]) => `${name}=${value}`);
    return notArranged({
      type: 'needs-root',
      words: ['env', ...variables, ...machine.cliCommand(), command, '--user', user],
    });
  }
  const problem = await machine.run(service.probe);
  if (problem !== null) return notArranged({ type: 'no-service-manager', problem, words: facts.command });
  const present = machine.read(service.path);
  if (present !== null && !present.includes(MARK)) return notArranged({ type: 'file-not-ours', path: service.path });
  return ok(present);
}

async function carryOut(machine: BootMachine, steps: readonly BootStep[]): Promise<Result<void>> {
  for (const step of steps) {
    const problem = await perform(machine, step);
    if (problem === null || (step.type === 'run' && step.mayFail)) continue;
    const words = step.type === 'run' ? step.words : [step.type, step.path];
    return notArranged({ type: 'step-failed', words, problem });
  }
  return ok(undefined);
}

async function perform(machine: BootMachine, step: BootStep): Promise<string | null> {
  switch (step.type) {
    case 'write':
      return machine.write(step.path, step.text);
    case 'remove':
      return machine.remove(step.path);
    case 'run':
      return machine.run(step.words);
    default:
      return unreachable(step);
  }
}

function notArranged(because: BootProblem): Result<never> {
  return err({ reason: 'boot-not-arranged', because });
}

function print(context: CliContext, steps: readonly BootStep[], facts: BootFacts): ExitCode {
  const script = formatScript(steps, { asRoot: facts.scope === 'machine' });
  if (context.console.json) writeJson(context.console, bootStepsDocument(steps));
  else context.console.out(script);
  return EXIT.success;
}

function lingers({ system, scope, user }: BootFacts): string | null {
  return system === 'systemd' && scope === 'user' ? user : null;
}
