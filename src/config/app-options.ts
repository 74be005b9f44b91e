/**
 * Every option of an app that this version carries out. A new one is a row here, a property in
 * `schemas/ecosystem.schema.json`, the line in `normalize` that reads it, and a case in `test/support/option-cases` of what it
 * does to a spec and to a process. Unit tests compare them.
 */
export const APP_OPTIONS = [
  { name: 'name', aliases: [] },
  { name: 'extends', aliases: [] },
  { name: 'on', aliases: [] },
  { name: 'namespace', aliases: [] },
  { name: 'script', aliases: ['exec', 'cmd', 'command'] },
  { name: 'args', aliases: [] },
  { name: 'cwd', aliases: [] },
  { name: 'interpreter', aliases: ['exec_interpreter'] },
  { name: 'interpreter_args', aliases: ['node_args'] },
  { name: 'instances', aliases: [] },
  { name: 'exec_mode', aliases: [] },
  { name: 'balance', aliases: [] },
  { name: 'env', aliases: [] },
  { name: 'env_file', aliases: [] },
  { name: 'pass_env', aliases: [] },
  { name: 'secrets', aliases: [] },
  { name: 'filter_env', aliases: [] },
  { name: 'port', aliases: [] },
  { name: 'name_prefix', aliases: [] },
  { name: 'append_env_to_name', aliases: [] },
  { name: 'increment_var', aliases: [] },
  { name: 'pm2_env', aliases: [] },
  { name: 'uid', aliases: ['user'] },
  { name: 'gid', aliases: [] },
  { name: 'treekill', aliases: [] },
  { name: 'autostart', aliases: [] },
  { name: 'source_map_support', aliases: [] },
  { name: 'execute_command', aliases: [] },
  { name: 'kind', aliases: [] },
  { name: 'autorestart', aliases: [] },
  { name: 'kill_timeout', aliases: [] },
  { name: 'stop_signal', aliases: [] },
  { name: 'out_file', aliases: ['out', 'output', 'out_log'] },
  { name: 'error_file', aliases: ['error', 'err', 'err_file', 'err_log'] },
  { name: 'log_file', aliases: ['log'] },
  { name: 'disable_logs', aliases: [] },
  { name: 'merge_logs', aliases: ['combine_logs'] },
  { name: 'log_type', aliases: [] },
  { name: 'log_date_format', aliases: [] },
  { name: 'time', aliases: [] },
  { name: 'logs', aliases: [] },
  { name: 'instance_var', aliases: [] },
  { name: 'depends_on', aliases: [] },
  { name: 'revision', aliases: [] },
  { name: 'listen_timeout', aliases: [] },
  { name: 'wait_ready', aliases: [] },
  { name: 'readiness', aliases: [] },
  { name: 'startup', aliases: [] },
  { name: 'liveness', aliases: [] },
  { name: 'fail_when', aliases: [] },
  { name: 'rollout', aliases: [] },
  { name: 'shutdown_with_message', aliases: [] },
  { name: 'max_restarts', aliases: [] },
  { name: 'min_uptime', aliases: [] },
  { name: 'restart_delay', aliases: [] },
  { name: 'exp_backoff_restart_delay', aliases: [] },
  { name: 'stop_exit_codes', aliases: [] },
  { name: 'restart', aliases: [] },
  { name: 'max_memory_restart', aliases: [] },
  { name: 'limits', aliases: [] },
  { name: 'schedule', aliases: [] },
  { name: 'overlap', aliases: [] },
  { name: 'hooks', aliases: [] },
  { name: 'moved_from', aliases: [] },
  { name: 'ignore_changes', aliases: [] },
  { name: 'cron_restart', aliases: ['cron'] },
  { name: 'watch', aliases: [] },
  { name: 'ignore_watch', aliases: [] },
  { name: 'watch_delay', aliases: [] },
  { name: 'watch_options', aliases: [] },
  { name: 'unwrap', aliases: [] },
] as const;

export type OptionName = (typeof APP_OPTIONS)[number]['name'];

/** What each accepted spelling means: PM2's aliases, and the camelCase form of each name. */
const SPELLINGS: ReadonlyMap<string, OptionName> = new Map(
  APP_OPTIONS.flatMap(({ name, aliases }) =>
    [name, ...aliases].flatMap((spelling): [string, OptionName][] => [
      [spelling, name],
      [camelCase(spelling), name],
    ]),
  ),
);

export const OPTION_SPELLINGS: readonly string[] = [...SPELLINGS.keys()];

export function optionNamed(spelling: string): OptionName | undefined {
  return SPELLINGS.get(spelling);
}

export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `env_production` → `production`; undefined if the key is no such block. */
export function envBlockName(key: string): string | undefined {
  return optionNamed(key) === undefined ? /^env_(.+)$/.exec(key)?.[1] : undefined;
}
