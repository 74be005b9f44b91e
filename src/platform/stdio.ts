import type { Readable, Writable } from 'node:stream';

/** The streams of this process, for bytes. */
export function ownStreams(): { readonly input: Readable; readonly output: Writable } {
  return { input: process.stdin, output: process.stdout };
}
