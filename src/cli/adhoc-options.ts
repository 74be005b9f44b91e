/** The flags with which `eco start server.js` says what a file would; most are PM2's. In the order of the help. */
export const ADHOC_OPTIONS = [
  { flags: '-n, --name <name>', key: 'name', help: 'what the app is called; the base name of the script unless given' },
  { flags: '-i, --instances <n>', key: 'instances', help: 'how many workers; max: as many as there are CPUs' },
  { flags: '--namespace <name>', key: 'namespace', help: 'a label to select several apps by' },
  { flags: '--cwd <folder>', key: 'cwd', help: 'its working folder, instead of this one' },
  { flags: '--interpreter <program>', key: 'interpreter', help: 'what runs the script; none: it is a program' },
  { flags: '--interpreter-args <args>', key: 'interpreter_args', help: 'arguments of the interpreter' },
  { flags: '--node-args <args>', key: 'node_args', help: 'the same' },
  { flags: '--watch', key: 'watch', help: 'replace its workers when its files change' },
  { flags: '-l, --log <file>', key: 'log_file', help: 'one file for all that it writes' },
  { flags: '-o, --output <file>', key: 'out_file', help: 'the file for stdout' },
  { flags: '-e, --error <file>', key: 'error_file', help: 'the file for stderr' },
  { flags: '--merge-logs', key: 'merge_logs', help: 'all workers share their log files' },
  { flags: '--time', key: 'time', help: 'each line of the logs with its time' },
  { flags: '--max-memory-restart <size>', key: 'max_memory_restart', help: 'replace a worker above this (300M)' },
  { flags: '--max-restarts <n>', key: 'max_restarts', help: 'give up after so many' },
  { flags: '--restart-delay <ms>', key: 'restart_delay', help: 'wait so long before each restart' },
  { flags: '--exp-backoff-restart-delay <ms>', key: 'exp_backoff_restart_delay', help: 'wait longer each time' },
  { flags: '--cron <pattern>', key: 'cron_restart', help: 'replace its workers by the clock, as cron writes it' },
  { flags: '--no-autorestart', key: 'autorestart', help: 'do not start it again when it ends' },
  { flags: '--kill-timeout <ms>', key: 'kill_timeout', help: 'from the stop signal to SIGKILL' },
  { flags: '--listen-timeout <ms>', key: 'listen_timeout', help: 'how long it may take to become ready' },
  { flags: '--wait-ready', key: 'wait_ready', help: 'it says itself when it is ready, by the message ready' },
] as const;

export type AdhocKey = (typeof ADHOC_OPTIONS)[number]['key'];

/** By the keys of an ecosystem file. */
export type AdhocSettings = Readonly<Partial<Record<AdhocKey, string | boolean>>>;

/** Commander's name of a flag: `--max-restarts <n>` is `maxRestarts`, `--no-autorestart` is `autorestart`. */
export function adhocSettings(flags: Readonly<Record<string, unknown>>): AdhocSettings {
  const written = ADHOC_OPTIONS.flatMap(({ flags: text, key }) => {
    const value = flags[flagName(text)];
    const asDefault = text.startsWith('--no-') && value === true;
    return (typeof value === 'string' || typeof value === 'boolean') && !asDefault ? [[key, value] as const] : [];
  });
  return Object.fromEntries(written);
}

function flagName(text: string): string {
  const [, long = ''] = /--(?:no-)?([a-z-]+)/.exec(text) ?? [];
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
