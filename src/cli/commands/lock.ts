import type { ProjectName } from '../../domain/names.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { hostsOf, lookOnHosts } from '../flow/on-hosts.ts';
import { patience, type PatienceOptions } from '../flow/patience.ts';
import { hint, say, writeJson } from '../render/console.ts';
import { formatLocked, formatUnlocked, formatWaiting, lockAnswer } from '../render/lock-text.ts';

export interface LockOptions extends FileOptions, PatienceOptions {
  readonly message: string;
}

/** Keeps everybody from changing the project until it is unlocked. */
export async function lock(context: CliContext, options: LockOptions): Promise<number> {
  const { console } = context;
  const project = await projectOf(context, options);
  const hosts = project.ok ? null : hostsOf(project.error);
  if (hosts !== null) return lookOnHosts(context, hosts.hosts, (there) => lock(there, options));
  if (!project.ok) return fail(context, project.error);
  const client = await context.connect('if-absent');
  if (!client.ok) return fail(context, client.error);
  const { takeLock } = await import('../../client/hold-lock.ts');
  const request = { ...(await context.newLock()), project: project.value, message: options.message };
  const patiently = patience(context, {
    lockTimeout: options.lockTimeout ?? 0,
    onWaiting: (held, waited) => hint(console, formatWaiting(held, waited)),
  });
  const locked = await patiently(() => takeLock(client.value, request));
  if (!locked.ok) return fail(context, locked.error);
  if (console.json) writeJson(console, lockAnswer(locked.value));
  say(console, formatLocked(locked.value));
  return EXIT.success;
}

/** With a name no file is needed, which may be on another machine. */
async function projectOf(context: CliContext, options: LockOptions): Promise<Result<ProjectName>> {
  if (options.project !== undefined && options.file === undefined) return ok(options.project);
  const loaded = await loadFile(context, options, 'skip');
  return loaded.ok ? ok(loaded.value.desired.project) : loaded;
}

/** Takes a lock away from whoever has it. */
export async function unlock(context: CliContext, { id }: { readonly id: string }): Promise<ExitCode> {
  const { console } = context;
  const client = await context.connect('if-absent');
  if (!client.ok) return fail(context, client.error);
  const unlocked = await client.value.unlock({ id, by: await context.actor() });
  if (!unlocked.ok) return fail(context, unlocked.error);
  if (console.json) writeJson(console, lockAnswer(unlocked.value));
  say(console, formatUnlocked(unlocked.value));
  return EXIT.success;
}
