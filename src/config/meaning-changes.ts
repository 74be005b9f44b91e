import type { DraftBlock } from './draft.ts';
import { isRecord } from './source.ts';

/** What a file means under eco other than under PM2. `apps`: the names of those that it concerns. */
export type MeaningChange =
  /** PM2 gives all variables of the shell, eco those of a short list and those that the file names. */
  | { readonly type: 'environment' }
  /** PM2 starts relative paths from the folder of the shell, eco from that of the file. */
  | { readonly type: 'paths' }
  | { readonly type: 'kill-timeout'; readonly apps: readonly string[] }
  | { readonly type: 'stop-signal' }
  /** PM2 gives up after 16 restarts in a row, eco goes on ever more slowly. */
  | { readonly type: 'restarts'; readonly apps: readonly string[] }
  /** PM2 takes a worker that is late to be ready, eco to have failed. */
  | { readonly type: 'late-worker'; readonly apps: readonly string[] }
  /** PM2 drops falsy values of options whose name has an underscore; here they count. */
  | { readonly type: 'falsy-value'; readonly option: string; readonly apps: readonly string[] }
  | { readonly type: 'log-files'; readonly apps: readonly string[] }
  /** PM2's way to run something at its times; eco has tasks for that. */
  | { readonly type: 'job'; readonly apps: readonly string[] }
  /** Keys that PM2 passed over in silence, and that are not taken over. */
  | { readonly type: 'left-out'; readonly keys: readonly string[] }
  /** The file was a program: what it computed is now written down. */
  | { readonly type: 'evaluated' }
  /** Values that came from the environment are passed on from there, and not written down. */
  | { readonly type: 'passed-on'; readonly names: readonly string[] }
  /** Stopped when it was saved: an apply does not start it. */
  | { readonly type: 'stopped'; readonly apps: readonly string[] }
  /** Looks like a secret, and was not written down. */
  | { readonly type: 'left-out-secret'; readonly names: readonly string[] }
  | { readonly type: 'deploy-command'; readonly command: string; readonly instead: string };

const FALSY_COUNTS = ['max_restarts', 'kill_timeout', 'restart_delay', 'listen_timeout', 'merge_logs'];

/** Of options as the file has them. */
export function meaningChanges(apps: readonly DraftBlock[], deploy: unknown): readonly MeaningChange[] {
  const named = (wants: (app: DraftBlock) => boolean): readonly string[] =>
    apps.filter(wants).map((app) => String(app.get('name') ?? app.get('script')));
  const changes: readonly MeaningChange[] = [
    ...(apps.some((app) => app.get('pass_env') !== true) ? [{ type: 'environment' } as const] : []),
    { type: 'paths' },
    { type: 'kill-timeout', apps: named((app) => !app.has('kill_timeout')) },
    { type: 'stop-signal' },
    { type: 'restarts', apps: named((app) => !app.has('max_restarts') && app.get('autorestart') !== false) },
    { type: 'late-worker', apps: named((app) => app.has('listen_timeout') || app.get('wait_ready') === true) },
    ...FALSY_COUNTS.map((option) => ({
      type: 'falsy-value' as const,
      option,
      apps: named((app) => app.get(option) === 0 || app.get(option) === false),
    })),
    { type: 'log-files', apps: named((app) => !app.has('out_file') && !app.has('log_file')) },
    { type: 'job', apps: named((app) => app.has('cron_restart') && app.get('autorestart') === false) },
    ...deployCommands(deploy),
  ];
  return changes.filter((change) => !('apps' in change) || change.apps.length > 0);
}

const PM2_COMMAND = /pm2\s+(?:start|restart|reload|startOrRestart|startOrReload|startOrGracefulReload)\b[^&|;\n]*/g;

/** Hooks of a deployment end in a command of PM2's that eco has one for. */
function deployCommands(deploy: unknown): readonly MeaningChange[] {
  if (!isRecord(deploy)) return [];
  const hooks = Object.values(deploy).flatMap((target) => (isRecord(target) ? Object.values(target) : []));
  const commands = hooks.flatMap((hook) => (typeof hook === 'string' ? (hook.match(PM2_COMMAND) ?? []) : []));
  return [...new Set(commands.map((command) => command.trim()))].map((command): MeaningChange => {
    const environment = /--env[= ]\s*(\S+)/.exec(command)?.[1];
    const instead = `eco apply --yes${environment === undefined ? '' : ` --env ${environment}`}`;
    return { type: 'deploy-command', command, instead };
  });
}
