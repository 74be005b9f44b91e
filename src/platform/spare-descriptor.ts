import { closeSync, openSync } from 'node:fs';

/** Open for nothing but to be closed when another descriptor is needed and none is left. */
let spare: number | null = null;

/** From here on this process can read and write files one at a time, even if all its other descriptors are in use. */
export function keepSpareDescriptor(): void {
  spare ??= openSync('/dev/null', 'r');
}

/** `action` uses one descriptor at a time, and throws if it gets none. It may be called twice. */
export function withSpareDescriptor<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (spare === null || !isShortage(error)) throw error;
  }
  closeSync(spare);
  spare = null;
  try {
    return action();
  } finally {
    keepSpareDescriptor();
  }
}

function isShortage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}
