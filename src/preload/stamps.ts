import { openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { LogOrders } from '../protocol/worker.ts';
import { dateFormatter } from './date-format.ts';
import { documentStamper, prefixStamper, type LineStamper } from './line-stamper.ts';

type StreamName = 'stdout' | 'stderr';
type WriteCallback = (error?: Error | null) => void;
type Write = (this: Writable, chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback) => void;

/** A line that an app leaves without its end, such as a prompt, is written after this time. */
const HOLD_TIME = 1000;
const EMPTY: LineStamper = { stamp: (chunk) => chunk, flush: () => Buffer.alloc(0) };

/**
 * Puts the time to what the app writes to stdout and stderr: by console, by the streams, or by a worker thread. What is
 * written to the descriptors themselves passes by: native code, children of the app, and what Node prints when it ends
 * because of an exception.
 */
export function installStamps(orders: LogOrders): void {
  const combined = orders.combinedFile === null ? undefined : openLog(orders.combinedFile);
  const alsoTo = (bytes: Buffer): void => {
    if (combined !== undefined) writeIfPossible(combined, bytes);
  };
  for (const name of ['stdout', 'stderr'] as const) {
    const stamper = stamperFor(name, orders);
    whenFirstUsed(name, (stream) => stampStream(stream, stamper, alsoTo));
    if (name === 'stderr' && orders.type === 'raw') stampFatalException(stamper);
  }
}

function stamperFor(name: StreamName, { type, dateFormat, app, instance }: LogOrders): LineStamper {
  if (type === 'raw') return dateFormat === null ? EMPTY : prefixStamper(prefixIn(dateFormat));
  const time = dateFormat === null ? (date: Date) => date.toISOString() : dateFormatter(dateFormat);
  const kind = name === 'stdout' ? 'out' : 'err';
  return documentStamper((message) =>
    JSON.stringify({ message, timestamp: time(new Date()), type: kind, process_id: instance, app_name: app }),
  );
}

/** A program that writes a million lines a second shall not format as many dates. */
function prefixIn(dateFormat: string): () => string {
  const format = dateFormatter(dateFormat);
  let at = Number.NaN;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `${format(new Date(now))}: `;
    }
    return text;
  };
}

/** Node makes the streams when they are asked for; this makes them no earlier. */
function whenFirstUsed(name: StreamName, install: (stream: Writable) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);
  if (descriptor?.get === undefined) return;
  let installed = false;
  Object.defineProperty(process, name, {
    ...descriptor,
    get: () => {
      const stream = descriptor.get?.call(process) as Writable;
      if (!installed) {
        installed = true;
        install(stream);
      }
      return stream;
    },
  });
}

/** At the lowest method of the stream, so that everything above it behaves as ever: callbacks, encodings, backpressure. */
function stampStream(stream: Writable, { stamp, flush }: LineStamper, alsoTo: (bytes: Buffer) => void): void {
  const { _write: write } = stream as unknown as { readonly _write: Write };
  let timer: NodeJS.Timeout | undefined;
  let ending = false;
  const ignore = (): void => {};
  const put = (bytes: Buffer, callback: WriteCallback): void => {
    alsoTo(bytes);
    write.call(stream, bytes, 'utf8', callback);
  };
  const flushNow = (): void => {
    const rest = flush();
    if (rest.length > 0) put(rest, ignore);
  };
  const stampedWrite: Write = (chunk, encoding, callback) => {
    const bytes = stamp(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    if (bytes.length > 0) put(bytes, callback);
    else callback();
    if (ending) return flushNow();
    clearTimeout(timer);
    timer = undefined;
    if (!endsLine(chunk)) timer = setTimeout(flushNow, HOLD_TIME).unref();
  };
  Object.defineProperty(stream, '_write', { value: stampedWrite, configurable: true, writable: true });
  process.on('exit', () => {
    ending = true;
    flushNow();
  });
}

function endsLine(chunk: Buffer | string): boolean {
  return chunk.length === 0 || chunk.at(-1) === 10 || chunk.at(-1) === '\n';
}

/** What Node prints of an exception that ends the process goes past the stream: its first line gets the time. */
function stampFatalException({ stamp }: LineStamper): void {
  process.on('uncaughtExceptionMonitor', () => {
    const caught = process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
    if (caught) return;
    const line = stamp(Buffer.from('\n'));
    if (line.length > 1) writeIfPossible(2, line.subarray(0, -1));
  });
}

/** The daemon has made it, and found that it can be written. */
function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    writeIfPossible(2, Buffer.from(`eco: log_file cannot be opened: ${String(error)}\n`));
    return undefined;
  }
}

function writeIfPossible(fd: number, bytes: Buffer): void {
  try {
    writeSync(fd, bytes);
  } catch {
    // A full disk: nobody could be told.
  }
}
