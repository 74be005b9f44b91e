import { onOutputClosed, terminal, writeErr, writeOut } from '../platform/terminal.ts';
import { systemClock, wait } from '../platform/clock.ts';
import { appendFile, createFile, fileKind, readTextIfPresent, replaceFile } from '../platform/files.ts';
import { isWithin, repositoryRoot } from '../platform/folders-upward.ts';
import { ecoHome, homeHasApps } from '../platform/home.ts';
import { onInterrupt } from '../platform/interrupt.ts';
import { onKey } from '../platform/keys.ts';
import { nodeVersion } from '../platform/machine.ts';
import type { Program } from '../domain/failure.ts';
import type { CliContext } from './context.ts';
import { startedWorkers } from './flow/stray-workers.ts';
import type { OutputFlags } from './program/options.ts';
import { runProgram } from './program/program.ts';
import { quoted } from './render/quoted.ts';
import { hint, type Console } from './render/console.ts';
import { formatOtherVersion } from './render/other-version-text.ts';
import { formatSummaryNotWritten, withoutCommands, withoutCommandsInJson } from './render/workflow-commands.ts';

export interface CliCall {
  /** What follows `eco`. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Whatever happens becomes an exit code; the caller lets the process end by itself, so that all output is written. */
export async function runCli(call: CliCall): Promise<number> {
  try {
    return await runProgram(call.args, {
      out: writeOut,
      err: writeErr,
      columns: terminal().columns,
      makeContext: (flags) => createContext(call, flags),
    });
  } catch (error) {
    const { formatBug } = await import('./render/bug-text.ts');
    writeErr(formatBug(error, ECO_VERSION));
    return 1;
  }
}

/** A saved plan of thousands of apps. */
const LARGEST_FILE = 64 << 20;

/** What is seldom needed is imported when it is. */
function createContext({ args, cwd, environment }: CliCall, flags: OutputFlags): CliContext {
  const home = ecoHome();
  const console = createConsole({ cwd, environment }, flags);
  const program = { version: ECO_VERSION, node: nodeVersion() };
  const onOtherVersion = (daemon: Program): void => hint(console, formatOtherVersion({ daemon, cli: program }));
  const context: CliContext = {
    ...thisMachine(home, onOtherVersion),
    reach: async (host) => (await import('./remote/reach.ts')).reach(context, host, flags),
    cwd,
    environment,
    console,
    program,
    clock: systemClock,
    pause: wait,
    actor: async () => (await import('../platform/actor.ts')).currentActor(),
    newLock: async () => {
      const { currentHolder, newLockId } = await import('../platform/lock-holder.ts');
      const command = ['eco', ...args.map(quoted)].join(' ');
      return { id: newLockId(), holder: currentHolder({ command, environment }) };
    },
    load: async (options) => (await import('../config/load-ecosystem.ts')).loadEcosystem(options),
    foreground: async (listener, place) =>
      (await import('../supervise/foreground.ts')).Foreground.open(listener, place),
    processEnd: async (pid, within) => (await import('../platform/process-end.ts')).processEnd(pid, within),
    bootMachine: async () => (await import('../platform/boot-machine.ts')).bootMachine,
    health: async () => (await import('../platform/health.ts')).health,
    readFile: (path) => readTextIfPresent(path, LARGEST_FILE),
    fileKind,
    replaceFile,
    createFile,
    ask: async (question) => (await import('../platform/ask.ts')).ask(question),
    fullScreen: async () => (await import('../platform/full-screen.ts')).enterFullScreen(),
    onInterrupt,
    onKey,
    onOutputClosed,
  };
  return context;
}

type Machine = Pick<
  CliContext,
  | 'host'
  | 'hostGroup'
  | 'home'
  | 'place'
  | 'close'
  | 'connect'
  | 'runningDaemon'
  | 'homeHasApps'
  | 'startedWorkers'
  | 'source'
>;

function thisMachine(home: string, onOtherVersion: (daemon: Program) => void): Machine {
  return {
    host: null,
    hostGroup: null,
    home,
    place: async () => ({ host: (await import('../platform/actor.ts')).currentActor().host, home }),
    close: async () => {},
    connect: async (start) => (await import('../client/connect.ts')).connectDaemon({ home, start, onOtherVersion }),
    runningDaemon: async () => (await import('../client/connect.ts')).runningDaemon(home),
    homeHasApps: async () => homeHasApps(home),
    startedWorkers: async () => startedWorkers(home, (await import('../platform/health.ts')).health),
    source: async (folder) => (await import('../platform/git.ts')).gitSource(folder),
  };
}

function createConsole({ cwd, environment }: Omit<CliCall, 'args'>, flags: OutputFlags): Console {
  const { isTTY, isInteractive, isAnimated, colour } = terminal();
  const json = flags.json === true;
  return {
    colour: colour && flags.color,
    // A terminal may change its size while a command looks on.
    get columns() {
      return terminal().columns;
    },
    get rows() {
      return terminal().rows;
    },
    isTTY,
    animated: isAnimated,
    isInteractive: isInteractive && !json,
    json,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    ...(environment.GITHUB_ACTIONS === 'true' ? githubJob(environment, { cwd, json }) : otherJob(environment)),
    cwd,
  };
}

type JobConsole = Pick<Console, 'out' | 'err' | 'annotations' | 'summary' | 'sections' | 'command'>;

/** https://docs.github.com/en/actions/reference/workflows-and-actions/variables */
function githubJob(
  { GITHUB_WORKSPACE: workspace, GITHUB_STEP_SUMMARY: summary }: CliCall['environment'],
  { cwd, json }: { readonly cwd: string; readonly json: boolean },
): JobConsole {
  const harmless = (text: string): string =>
    json && text.startsWith('{') ? withoutCommandsInJson(text) : withoutCommands(text);
  const inWorkspace = workspace !== undefined && isWithin(cwd, workspace);
  return {
    out: (text) => writeOut(harmless(text)),
    err: (text) => writeErr(harmless(text)),
    // What is deployed in a folder of its own has its files relative to its repository as well.
    annotations: inWorkspace ? workspace : (repositoryRoot(cwd) ?? cwd),
    summary: summary === undefined || summary === '' ? null : summaryFile(summary),
    sections: false,
    // stdout is for JSON.
    command: writeErr,
  };
}

function summaryFile(path: string): (markdown: string) => void {
  return (markdown) => {
    if (!appendFile(path, `${markdown}\n\n`)) writeErr(`${formatSummaryNotWritten(path)}\n`);
  };
}

function otherJob({ GITLAB_CI: gitlab }: CliCall['environment']): JobConsole {
  return {
    out: writeOut,
    err: writeErr,
    annotations: null,
    summary: null,
    sections: gitlab === 'true',
    command: writeOut,
  };
}
