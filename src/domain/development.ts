import type { AppSpec } from './app-spec.ts';
import { DEFAULTS } from './policies.ts';
import { seconds } from './time.ts';

/** From the stop signal to SIGKILL, unless the file says otherwise: somebody waits for the next version. */
const KILL_TIMEOUT = seconds(5);

/**
 * An app as it runs on the machine of whoever works on it: one worker unless they ask for more, a crash is waited out until
 * something changes, nothing is rolled back, and what it writes comes to the terminal as it is.
 */
export function developmentSpec(spec: AppSpec, { instances }: { readonly instances: number | null }): AppSpec {
  return {
    ...spec,
    instances: instances ?? 1,
    env: { NODE_ENV: 'development', ...spec.env },
    autorestart: false,
    // Changes are seen to by whoever runs it so, and nobody waits for a time.
    watch: { ...spec.watch, enabled: false },
    cronRestart: null,
    killTimeout: spec.killTimeout === DEFAULTS.killTimeout ? KILL_TIMEOUT : spec.killTimeout,
    rollout: { ...spec.rollout, rollback: false },
    outFile: toTerminal(spec.outFile),
    errorFile: toTerminal(spec.errorFile),
    combinedFile: { type: 'discard' },
    logType: 'raw',
    logDateFormat: null,
  };
}

function toTerminal(target: AppSpec['outFile']): AppSpec['outFile'] {
  return target.type === 'file' ? { type: 'default' } : target;
}
