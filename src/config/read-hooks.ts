import type { Hook, Hooks } from '../domain/app-spec.ts';
import { DEFAULTS } from '../domain/policies.ts';
import type { MergedApp } from './merge.ts';
import { readDuration, readText } from './option-values.ts';
import { isRecord } from './source.ts';

/** Each is a command, or an object of a command and a timeout. */
export function readHooks({ options }: MergedApp): Hooks {
  const value = options.get('hooks')?.value;
  const hooks = isRecord(value) ? value : {};
  return {
    preStart: readHook(hooks['pre_start']),
    postReady: readHook(hooks['post_ready']),
    preStop: readHook(hooks['pre_stop']),
  };
}

function readHook(value: unknown): Hook | null {
  const command = readText(isRecord(value) ? value['command'] : value);
  const timeout = isRecord(value) ? readDuration(value['timeout']) : undefined;
  return command === undefined ? null : { command, timeout: timeout ?? DEFAULTS.hookTimeout };
}
