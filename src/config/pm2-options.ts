import { camelCase } from './app-options.ts';

/** What a key without effect stands for. */
export type KnownKey =
  | { readonly type: 'left-out'; readonly name: string; readonly reason: string }
  /** Known, but this value asks for nothing that eco would not do anyway. */
  | { readonly type: 'silent' };

/** What these ask for is what eco does anyway. */
const ASKS_NOTHING: readonly string[] = ['disable_source_map_support', 'disableSourceMapSupport'];

const NO_AGENT = 'eco puts no monitoring agent into your programs';
const NO_GIT_METADATA = 'eco identifies code by its content, not by git metadata';
const LEFT_OUT: Readonly<Record<string, string>> = {
  pmx: NO_AGENT,
  automation: NO_AGENT,
  km_link: NO_AGENT,
  deep_monitoring: NO_AGENT,
  trace: NO_AGENT,
  disable_trace: NO_AGENT,
  v8: NO_AGENT,
  event_loop_inspector: NO_AGENT,
  io: NO_AGENT,
  vizion: NO_GIT_METADATA,
  username: 'it only labels a list; a program runs as the user who runs eco',
  windowsHide: 'eco does not run on Windows',
  write: 'it belongs to a command of PM2, not to a file',
  listen:
    'no port has to be named: eco learns where a Node program listens, and hands that on; any other program opens its own, told by a variable of "env"',
  kill_retry_time: 'eco hears of the end of a process, it does not look for it at intervals',
  pid_file: '`eco list --json` tells the pids: a file could not name several at once while workers are replaced',
  pid: '`eco list --json` tells the pids: a file could not name several at once while workers are replaced',
  post_update: 'eco does not fetch code, so that nothing follows on it',
  install_url: 'it belongs to modules of PM2, which are no apps',
  force: 'names are unique within a project; give a second copy another name',
};

const LEFT_OUT_NAMES = spellings(LEFT_OUT);

/** undefined: the key is unknown. */
export function knownAppKey(key: string, value: unknown): KnownKey | undefined {
  if (ASKS_NOTHING.includes(key)) return { type: 'silent' };
  const leftOut = LEFT_OUT_NAMES.get(key);
  if (leftOut === undefined) return undefined;
  const reason = LEFT_OUT[leftOut] ?? '';
  return value === false ? { type: 'silent' } : { type: 'left-out', name: leftOut, reason };
}

export function knownTopKey(key: string): KnownKey | undefined {
  // PM2's own deployment over ssh: kept in the file for whoever uses it, and no business of eco's.
  return key === 'deploy' ? { type: 'silent' } : undefined;
}

export const KNOWN_APP_KEYS: readonly string[] = [...ASKS_NOTHING, ...LEFT_OUT_NAMES.keys()];

/** What is accepted and has no effect, and why. */
export const KEYS_WITHOUT_EFFECT: readonly { readonly name: string; readonly reason: string }[] = Object.entries(
  LEFT_OUT,
).map(([name, reason]) => ({ name, reason }));

/** What people write and mean something else by, where the edit distance does not tell. */
export const SYNONYMS: readonly (readonly [pattern: RegExp, meant: string])[] = [
  [/^watch_?ignore$/i, 'ignore_watch'],
  [/^kill_?(with_?)?signal$/i, 'stop_signal'],
  [/^health_?check/i, 'liveness'],
  [/^(max_size|retain|rotate_interval)$/i, 'logs.rotate'],
  [/^(environment|env_?vars?|variables)$/i, 'env'],
  [/^(dotenv|env_?files?|envfile)$/i, 'env_file'],
  [/^(working_?dir(ectory)?|workdir|dir|directory|chdir)$/i, 'cwd'],
  [/^(replicas|workers|processes|scale)$/i, 'instances'],
  [/^(mode|execution_mode)$/i, 'exec_mode'],
  [/^(dependencies|needs|requires|wait_for|depends)$/i, 'depends_on'],
  [/^(arguments|argv|params)$/i, 'args'],
  [/^(max_?old_?space_?size|exec_?args|execArgv)$/i, 'node_args'],
  [/^(grace_?period|stop_?timeout|shutdown_?timeout)$/i, 'kill_timeout'],
  [/^(ready_?timeout|start_?timeout)$/i, 'listen_timeout'],
  [/^(main|entry|file|path)$/i, 'script'],
  [/^(stdout|stdout_file|log_out)$/i, 'out_file'],
  [/^(stderr|stderr_file|log_error)$/i, 'error_file'],
  [/^(retries|restart_limit)$/i, 'max_restarts'],
  [/^(max_memory|memory_limit)$/i, 'max_memory_restart'],
  [/^(pre_?start|post_?start|post_ready|pre_stop)$/i, 'hooks'],
  [/^load_?balanc/i, 'balance'],
];

function spellings(table: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  return new Map(
    Object.keys(table).flatMap((name): [string, string][] => [
      [name, name],
      [camelCase(name), name],
    ]),
  );
}
