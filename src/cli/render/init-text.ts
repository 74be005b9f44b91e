import { relative } from 'node:path';
import type { DumpProblem } from '../../config/convert-dump.ts';
import type { MeaningChange } from '../../config/meaning-changes.ts';
import { isTask, type Proposal } from '../../config/propose-file.ts';
import { unreachable } from '../../util/unreachable.ts';
import { quoted } from './quoted.ts';

export type InitProblem =
  | { readonly type: 'exists' | 'failed' | 'file-found'; readonly file: string }
  | ({ readonly type: 'no-dump' } & DumpProblem);

interface Place {
  readonly cwd: string;
}

export function formatInitProblem(problem: InitProblem, { cwd }: Place): string {
  switch (problem.type) {
    case 'file-found':
      return `There is already ${problem.file}. To make eco's own file of it: eco init --from ${quoted(problem.file)}`;
    case 'exists':
      return `${shown(problem.file, cwd)} is there already; --force writes over it, -o names another file.`;
    case 'failed':
      return `${shown(problem.file, cwd)} cannot be written.`;
    case 'no-dump':
      return dumpProblem(problem);
    default:
      return unreachable(problem);
  }
}

function dumpProblem({ problem, path }: DumpProblem): string {
  switch (problem) {
    case 'missing':
      return `PM2 has saved nothing in ${path}: run \`pm2 save\` first. PM2_HOME says where it lives.`;
    case 'unreadable':
      return `${path} is no list of processes: run \`pm2 save\` again.`;
    case 'empty':
      return `${path} has no processes in it: start them with PM2, and run \`pm2 save\`.`;
    default:
      return unreachable(problem);
  }
}

/** The text of a new file. */
export function formatProposal(
  { project, app, script, others, hasEnvFile }: Proposal,
  { schema }: { readonly schema: string | null },
): string {
  const guess = script === null ? '   # nothing here says what to run: name it' : '';
  const worker = others.filter((other) => !isTask(other)).map((other) => block(other, []));
  const tasks = others
    .filter(isTask)
    .map((other) => block(other, ['kind: task                      # runs to completion; exit code 0 is its success']));
  return `${schema === null ? '' : `# yaml-language-server: $schema=${schema}\n`}# Every option: eco schema, or schemas/README.md of eco. Then: eco plan, eco apply.
project: ${scalar(project)}   # owns the apps below: one that is removed from this file is deleted by the next apply

apps:
  - name: ${scalar(app)}
    script: ${script ?? './server.js'}${guess}
    # instances: max                  # as many workers as CPUs, on one port; or a number
    env:
      NODE_ENV: production
      # PORT: 3000
    env_development: { NODE_ENV: development }   # merged by eco watch
    ${hasEnvFile ? 'env_file: .env' : '# env_file: .env'}${' '.repeat(hasEnvFile ? 20 : 18)}# NAME=value lines; they come before env
    # pass_env: [DATABASE_URL]        # of the shell that runs eco; nothing else of it reaches the app
    # readiness: { http: /health }    # asked of each new worker, before an old one goes
    # max_memory_restart: 400M        # a worker above it is replaced
${[...worker, ...tasks].join('')}`;
}

function scalar(text: string): string {
  return /^[a-z][\w-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);
}

function block(script: string, more: readonly string[]): string {
  const name = (script.split(' ').at(-1) ?? script).replaceAll(':', '-');
  return ['', `  # - name: ${name}`, `  #   script: ${script}`, ...more.map((line) => `  #   ${line}`), ''].join('\n');
}

export function formatProposed({ script }: Proposal, { file, cwd }: Place & { readonly file: string }): string {
  const first = script === null ? 'Name the script in it. ' : '';
  return `Wrote ${shown(file, cwd)}.\n${first}Next: eco watch to work on it; eco plan, eco apply to have it run.`;
}

interface ConvertedText extends Place {
  /** null: it was only printed. */
  readonly file: string | null;
  /** Another file that eco would read where nobody names one; null: there is none. */
  readonly from: string | null;
  readonly apps: readonly string[];
  readonly changes: readonly MeaningChange[];
  readonly fromPm2: boolean;
}

export function formatConverted({ file, from, cwd, apps, changes }: ConvertedText): string {
  const counted = apps.length === 1 ? '1 app' : `${apps.length} apps`;
  const head = file === null ? [] : [`Wrote ${shown(file, cwd)}: ${counted}.`, ''];
  const running = apps.map(quoted).join(' ');
  return [
    ...head,
    'What is other than under PM2:',
    ...changes.map((change) => `  - ${meaningText(change)}`),
    '',
    `Next: eco validate; then, where PM2 runs these apps, pm2 delete ${running}, for it holds their ports; then eco apply.`,
    ...(file === null || from === null
      ? []
      : [`From now on eco reads ${shown(file, cwd)}, and not ${shown(from, cwd)}.`]),
  ].join('\n');
}

/** One line: what is other, and what to write for PM2's way, where there is one. */
function meaningText(change: MeaningChange): string {
  switch (change.type) {
    case 'environment':
      return 'Apps get PATH, HOME and their kin, and what the file names; PM2 gave them all variables of the shell. For that: pass_env: true';
    case 'paths':
      return "Relative paths start from the file's folder; PM2 started from the folder of the shell.";
    case 'kill-timeout':
      return `A worker has 30 s to end before it is killed, in PM2 1.6 s: kill_timeout (${list(change.apps)})`;
    case 'stop-signal':
      return 'A worker is asked to end by SIGTERM, or by SIGINT if it handles only that; PM2 sent SIGINT. For that: stop_signal: SIGINT';
    case 'restarts':
      return `A crashing app is started again ever more slowly, without end; PM2 gave up after 16 restarts. For that: max_restarts: 16 (${list(change.apps)})`;
    case 'late-worker':
      return `A worker that is not ready in time (listen_timeout) has failed, and the old one stays; PM2 took it to be ready (${list(change.apps)})`;
    case 'falsy-value':
      return `"${change.option}" of 0 or false counts now; PM2 passed over it and took its default (${list(change.apps)})`;
    case 'log-files':
      return `Logs are in ECO_HOME (~/.eco), not in ~/.pm2/logs: eco logs (${list(change.apps)})`;
    case 'job':
      return `Jobs run at once and at their times, as under PM2. With "schedule" instead of "cron_restart" and "autorestart" a job is a task: it runs at its times only, and eco list says how that ended (${list(change.apps)})`;
    case 'left-out':
      return `PM2 passed over what it did not know, and so it is not in the new file: ${list(change.keys)}. Add what was meant.`;
    case 'evaluated':
      return 'The file was a program: what it computed just now is written down. Where that must follow the environment, write ${NAME}.';
    case 'passed-on':
      return `Taken from the shell that runs eco, and not written down: ${list(change.names)} (pass_env)`;
    case 'left-out-secret':
      return `Look like secrets, and were not written down: ${list(change.names)}. pass_env takes them from the shell; env_file or secrets are better.`;
    case 'stopped':
      return `Stopped when PM2 saved its list: autostart: false, and so an apply does not start ${list(change.apps)}; eco start does.`;
    case 'deploy-command':
      return `In your deployment, instead of "${change.command}": ${change.instead}`;
    default:
      return unreachable(change);
  }
}

function list(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;
}

function shown(file: string, cwd: string): string {
  const name = relative(cwd, file);
  return name === '' || name.startsWith('..') ? file : name;
}

export interface InitResult {
  readonly file: string;
  readonly from: string | null;
  readonly apps: readonly string[];
  readonly changes: readonly MeaningChange[];
  /** What would be written; null: it was. */
  readonly text: string | null;
}

/** What `init --json` prints; published. */
export function initDocument({ file, from, apps, changes, text }: InitResult) {
  return {
    format_version: '1.0',
    file,
    from,
    apps,
    text,
    changes: changes.map((change) => ({ ...change, text: meaningText(change) })),
  } as const;
}
