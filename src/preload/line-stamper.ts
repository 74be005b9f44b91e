/** Turns what is written to one stream into what its file gets. */
export interface LineStamper {
  /** What a write becomes; empty if nothing of it can be written yet. */
  readonly stamp: (chunk: Buffer) => Buffer;
  /** What is still held back. */
  readonly flush: () => Buffer;
}

const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

/** The time stands before each line, whether its parts are written at once or not: nothing is ever held back. */
export function prefixStamper(prefix: () => string): LineStamper {
  let atStart = true;
  const stamp = (chunk: Buffer): Buffer => {
    if (chunk.length === 0) return chunk;
    const stampBytes = Buffer.from(prefix());
    const parts: Buffer[] = [];
    for (let from = 0; from < chunk.length;) {
      const to = endOfLine(chunk, from);
      if (atStart) parts.push(stampBytes);
      parts.push(chunk.subarray(from, to));
      atStart = chunk[to - 1] === NEWLINE;
      from = to;
    }
    return Buffer.concat(parts);
  };
  return { stamp, flush: () => NOTHING };
}

/** A longer line becomes several objects: memory is the app's. */
const LONGEST_HELD = 1 << 20;

/** Each line becomes one document; a line without its end is held until it comes. */
export function documentStamper(document: (message: string) => string): LineStamper {
  let held: Buffer = NOTHING;
  const write = (bytes: Buffer): string => `${document(bytes.toString('utf8'))}\n`;
  return {
    stamp: (chunk) => {
      let text = '';
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        text += write(Buffer.concat([held, chunk.subarray(from, end)]));
        held = NOTHING;
        from = end + 1;
      }
      if (from < chunk.length) held = Buffer.concat([held, chunk.subarray(from)]);
      if (held.length > LONGEST_HELD) {
        text += write(held);
        held = NOTHING;
      }
      return Buffer.from(text);
    },
    flush: () => {
      const rest = held;
      held = NOTHING;
      return rest.length === 0 ? NOTHING : Buffer.from(write(rest));
    },
  };
}

function endOfLine(chunk: Buffer, from: number): number {
  const newline = chunk.indexOf(NEWLINE, from);
  return newline < 0 ? chunk.length : newline + 1;
}
