import { dirname } from 'node:path';
import { withSnakeCaseKeys } from '../../util/snake-case-keys.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { BootService, BootStep } from '../boot/boot-service.ts';
import { shellCommand, shellWord } from './shell-text.ts';

export function formatStartup({ name, path }: BootService, { unchanged }: { readonly unchanged: boolean }): string {
  return unchanged
    ? `${name} starts eco at boot already: ${path}`
    : `${name} starts eco at boot from now on, and keeps its daemon running: ${path}`;
}

export interface UnstartupFacts {
  /** Something was there to remove. */
  readonly existed: boolean;
  /** The user whose processes outlive the last session; null where that is not the question. */
  readonly lingers: string | null;
}

export function formatUnstartup({ name, path }: BootService, { existed, lingers }: UnstartupFacts): string {
  if (!existed) return `eco does not start at boot: there is no ${path}`;
  const removed = `${name} is removed: eco does not start at boot any more. Apps that run go on running.`;
  if (lingers === null) return removed;
  return `${removed}\nThey outlive your last session, as before; to undo that, too: loginctl disable-linger ${shellWord(lingers)}`;
}

/** What `startup --json` and `unstartup --json` print; published. */
export function bootDocument({ name, path }: BootService, { enabled }: { readonly enabled: boolean }) {
  return { format_version: '1.0', enabled, service: name, path } as const;
}

/** With `--print`; published. */
export function bootStepsDocument(steps: readonly BootStep[]) {
  return { format_version: '1.0', steps: withSnakeCaseKeys(steps) } as const;
}

/** What a person, or `sh`, can type in eco's place. */
export function formatScript(steps: readonly BootStep[], { asRoot }: { readonly asRoot: boolean }): string {
  const sudo = asRoot ? 'sudo ' : '';
  return steps.map((step) => `${commandFor(step, sudo)}\n`).join('');
}

function commandFor(step: BootStep, sudo: string): string {
  switch (step.type) {
    case 'write':
      return [
        `${sudo}mkdir -p ${shellWord(dirname(step.path))}`,
        `${sudo}tee ${shellWord(step.path)} >/dev/null <<'END_OF_FILE'\n${step.text}END_OF_FILE`,
      ].join('\n');
    case 'remove':
      return `${sudo}rm -f ${shellWord(step.path)}`;
    case 'run':
      return `${sudo}${shellCommand(step.words)}${step.mayFail ? ' || true' : ''}`;
    default:
      return unreachable(step);
  }
}
