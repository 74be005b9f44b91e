import { basename, dirname, extname, join } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { readTextIfPresent } from '../platform/files.ts';
import type { Draft, DraftBlock } from './draft.ts';
import { defaultProject } from './identify-project.ts';
import { meaningChanges, type MeaningChange } from './meaning-changes.ts';
import { sensitiveNames } from './sensitive-env.ts';
import { isRecord } from './source.ts';

export interface DumpRequest {
  /** The folder of the file that is to be written. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ConvertedDump {
  readonly from: string;
  readonly draft: Draft;
  readonly changes: readonly MeaningChange[];
}

export interface DumpProblem {
  readonly problem: 'missing' | 'unreadable' | 'empty';
  readonly path: string;
}

const LARGEST_DUMP = 50 * 1024 * 1024;
type Process = Readonly<Record<string, unknown>>;

/** What `pm2 save` wrote down: one entry a process, with its whole environment. */
export function convertDump({ folder, environment }: DumpRequest): Result<ConvertedDump, DumpProblem> {
  const pm2Home = environment['PM2_HOME'] ?? join(environment['HOME'] ?? '/', '.pm2');
  const path = join(pm2Home, 'dump.pm2');
  const text = readTextIfPresent(path, LARGEST_DUMP);
  if (text === null) return err({ problem: 'missing', path });
  const processes = parseDump(text);
  if (processes === null) return err({ problem: 'unreadable', path });
  if (processes.length === 0) return err({ problem: 'empty', path });
  const apps = [...groupByName(processes).values()].map((group) => convertApp(group, { folder, environment, pm2Home }));
  const secrets = [...new Set(apps.flatMap((app) => app.secrets))].sort();
  const stopped = apps.flatMap(({ options }) =>
    options.get('autostart') === false ? String(options.get('name')) : [],
  );
  const draft: Draft = {
    project: defaultProject(folder),
    include: undefined,
    hosts: undefined,
    static: undefined,
    defaults: null,
    apps: apps.map(({ options }) => options),
    deploy: undefined,
    interpolated: false,
  };
  const changes: readonly MeaningChange[] = [
    ...(secrets.length === 0 ? [] : [{ type: 'left-out-secret' as const, names: secrets }]),
    ...(stopped.length === 0 ? [] : [{ type: 'stopped' as const, apps: stopped }]),
    ...meaningChanges(draft.apps, undefined),
  ];
  return ok({ from: path, draft, changes });
}

function parseDump(text: string): readonly Process[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter(isRecord).filter((entry) => textIn(entry, 'pm_exec_path') !== null)
      : null;
  } catch {
    return null;
  }
}

function groupByName(processes: readonly Process[]): ReadonlyMap<string, readonly Process[]> {
  const groups = new Map<string, Process[]>();
  for (const entry of processes) {
    const script = textIn(entry, 'pm_exec_path') ?? '';
    const name = textIn(entry, 'name') ?? basename(script, extname(script));
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface ConvertedApp {
  readonly options: DraftBlock;
  readonly secrets: readonly string[];
}

function convertApp(group: readonly Process[], request: DumpRequest & { readonly pm2Home: string }): ConvertedApp {
  const [first = {}] = group;
  const options = new Map<string, unknown>();
  const set = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '') options.set(name, value);
  };
  const script = textIn(first, 'pm_exec_path') ?? '';
  const cwd = textIn(first, 'pm_cwd') ?? dirname(script);
  set('name', textIn(first, 'name') ?? basename(script, extname(script)));
  if (textIn(first, 'namespace') !== 'default') set('namespace', textIn(first, 'namespace'));
  set('script', script.startsWith(`${cwd}/`) ? `./${script.slice(cwd.length + 1)}` : script);
  set(
    'cwd',
    cwd === request.folder
      ? undefined
      : cwd.startsWith(`${request.folder}/`)
        ? `./${cwd.slice(request.folder.length + 1)}`
        : cwd,
  );
  set('args', listIn(first, 'args'));
  const interpreter = textIn(first, 'exec_interpreter');
  if (interpreter !== 'node') set('interpreter', interpreter);
  set('interpreter_args', listIn(first, 'node_args'));
  const isCluster = textIn(first, 'exec_mode') === 'cluster_mode';
  if (isCluster || group.length > 1) set('instances', group.length);
  if (group.length > 1 && !isCluster) set('exec_mode', 'fork');
  for (const name of PLAIN) if (first[name] !== DEFAULTS[name]) set(name, first[name]);
  // `pm2 resurrect` would not start it either.
  if (group.every((entry) => entry['status'] === 'stopped')) set('autostart', false);
  setLogs(first, request.pm2Home, set);
  const { env, secrets } = convertEnv(first, request);
  if (secrets.length > 0) set('pass_env', secrets);
  if (Object.keys(env).length > 0) set('env', env);
  return { options, secrets };
}

/** Options that the dump holds as a file would give them. */
const PLAIN = [
  'autorestart',
  'max_memory_restart',
  'max_restarts',
  'min_uptime',
  'restart_delay',
  'exp_backoff_restart_delay',
  'stop_exit_codes',
  'kill_timeout',
  'listen_timeout',
  'wait_ready',
  'shutdown_with_message',
  'cron_restart',
  'watch',
  'ignore_watch',
  'treekill',
  'autostart',
  'log_date_format',
  'log_type',
  'merge_logs',
  'uid',
  'gid',
  'increment_var',
] as const;
const DEFAULTS: Readonly<Record<string, unknown>> = {
  autorestart: true,
  treekill: true,
  autostart: true,
  watch: false,
  wait_ready: false,
  shutdown_with_message: false,
  merge_logs: false,
  log_type: 'raw',
};

/** Those under PM2's own folder have no meaning without PM2. */
function setLogs(entry: Process, pm2Home: string, set: (name: string, value: unknown) => void): void {
  const own = (path: string): boolean => path.includes('/.pm2/') || path.startsWith(`${pm2Home}/`);
  const pairs = [
    ['out_file', 'pm_out_log_path'],
    ['error_file', 'pm_err_log_path'],
    ['log_file', 'pm_log_path'],
  ] as const;
  for (const [option, key] of pairs) {
    const path = textIn(entry, key);
    // PM2 puts the number of the process before the extension unless all share one file.
    if (path !== null && !own(path))
      set(option, entry['merge_logs'] === true ? path : path.replace(/-\d+(?=\.\w+$)/, ''));
  }
}

/** What a shell, npm and PM2 itself put there. */
const NOT_OF_THE_APP =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|XDG_.*|_|SHLVL|PWD|OLDPWD|TERM.*|COLORTERM|SSH_.*|DISPLAY|MAIL|LS_COLORS|EDITOR|PAGER|HOSTNAME|INIT_CWD|NVM_.*|npm_.*|PM2_.*|PM2_HOME|NODE_APP_INSTANCE|pm_id|unique_id|name|vizion_running|axm_.*|SUDO_.*|DBUS_.*|LESS.*|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_.*|PYTHONUNBUFFERED)$/;

/** The dump does not say which variables are the app's: those that this shell has as well are the shell's. */
function convertEnv(
  entry: Process,
  { environment }: DumpRequest,
): { env: Readonly<Record<string, unknown>>; secrets: readonly string[] } {
  const all = isRecord(entry['env']) ? entry['env'] : {};
  const name = textIn(entry, 'name');
  const own = Object.entries(all).filter(
    ([key, value]) =>
      !NOT_OF_THE_APP.test(key) &&
      key !== name &&
      environment[key] !== String(value) &&
      ['string', 'number', 'boolean'].includes(typeof value),
  );
  const secrets = sensitiveNames(Object.fromEntries(own.map(([key, value]) => [key, String(value)])), new Set());
  return { env: Object.fromEntries(own.filter(([key]) => !secrets.includes(key))), secrets };
}

function textIn(entry: Process, key: string): string | null {
  const value = entry[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

function listIn(entry: Process, key: string): readonly string[] | undefined {
  const value = entry[key];
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}
