import { appStatus, type ObservedApp } from '../../domain/observed-state.ts';

/** Whether what `eco wait` waits for is there, may still come, or needs somebody first. */
export type WaitVerdict = 'come' | 'pending' | 'stopped' | 'failed';

/** A service has come when all workers that it shall have are ready and of its present revision; a task, when it has completed. */
export function waitVerdict(app: ObservedApp): WaitVerdict {
  if (app.workers.some(({ current, phase }) => current && phase === 'failed')) return 'failed';
  if (app.workers.some(({ current }) => !current)) return 'pending';
  const status = appStatus(app);
  if (app.goal === 'stopped' && status === 'stopped') return 'stopped';
  return status === (app.spec.kind === 'task' ? 'completed' : 'ready') ? 'come' : 'pending';
}
