import { Duplex, type Readable, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Milliseconds } from '../domain/time.ts';

/**
 * Many byte streams, the channels, within one in each direction. A frame is its type, the number of the channel, a length
 * and so many bytes. One side opens all channels. Each is heard of every `PING_INTERVAL`, so that one that is gone is missed
 * also where the network does not tell.
 *
 *   open    the bytes are the name        end
 *   data                                  reset   the bytes say why
 *   room    for so many bytes more        ping
 */
const FRAMES = ['open', 'data', 'room', 'end', 'reset', 'ping'] as const;
type FrameType = (typeof FRAMES)[number];
const HEADER = 9;
/** A longer frame is none: the bytes are somebody else's. */
const LONGEST = 1 << 20;
/** How much of a channel may be under way: one that nobody reads keeps none of the others waiting. */
const WINDOW = 1 << 18;
const PING_INTERVAL: Milliseconds = 10_000;
/** So many intervals without a word are the end. */
const MOST_SILENT = 4;

const LOST = 'the connection was lost';

export interface ChannelsOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** What was read of the input already. */
  readonly head?: Buffer;
  /** The other side has opened a channel of that name. */
  readonly onOpen?: (name: string, channel: Duplex) => void;
  /** The input is at its end, or makes no sense. */
  readonly onEnd: () => void;
}

export class Channels {
  readonly #options: ChannelsOptions;
  readonly #open = new Map<number, Channel>();
  readonly #ping: NodeJS.Timeout;
  #last = 0;
  #silent = 0;
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    const { input, output, head } = options;
    input.on('data', (chunk: Buffer) => this.#read(chunk));
    for (const event of ['end', 'error', 'close']) input.once(event, () => this.close());
    output.on('error', () => this.close());
    this.#ping = setInterval(() => this.#keepAlive(), PING_INTERVAL).unref();
    if (head !== undefined && head.length > 0) this.#read(head);
    input.resume();
  }

  /** Throws, as a socket fails, where the connection is over. */
  open(name: string): Duplex {
    if (this.#ended) throw new Error(LOST);
    const id = ++this.#last;
    const channel = this.#add(id);
    this.#send('open', id, { bytes: Buffer.from(name) });
    return channel;
  }

  /** Every channel breaks off. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#ping);
    for (const channel of this.#open.values()) channel.destroy(new Error(LOST));
    this.#options.onEnd();
  }

  #add(id: number): Channel {
    const channel = new Channel({
      send: (type, bytes, done) => this.#send(type, id, { bytes, done }),
      onClose: () => void this.#open.delete(id),
    });
    this.#open.set(id, channel);
    return channel;
  }

  #send(type: FrameType, id: number, { bytes = EMPTY, done }: Sent = {}): void {
    if (this.#ended || !this.#options.output.writable) return done?.();
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(FRAMES.indexOf(type), 0);
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(bytes.length, 5);
    this.#options.output.write(Buffer.concat([header, bytes]), () => done?.());
  }

  #keepAlive(): void {
    this.#send('ping', 0);
    if (++this.#silent > MOST_SILENT) this.close();
  }

  #read(chunk: Buffer): void {
    this.#silent = 0;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEADER && !this.#ended) {
      const [type, id, length] = [FRAMES[this.#rest[0] ?? 0], this.#rest.readUInt32BE(1), this.#rest.readUInt32BE(5)];
      if (type === undefined || length > LONGEST) return this.close();
      if (this.#rest.length < HEADER + length) return;
      const bytes = this.#rest.subarray(HEADER, HEADER + length);
      this.#rest = this.#rest.subarray(HEADER + length);
      this.#take(type, id, bytes);
    }
  }

  #take(type: FrameType, id: number, bytes: Buffer): void {
    if (type === 'open') return this.#options.onOpen?.(bytes.toString(), this.#add(id));
    const channel = this.#open.get(id);
    // One that was closed here while this was on its way.
    if (channel === undefined) return;
    if (type === 'data') channel.receive(bytes);
    if (type === 'room' && bytes.length === 4) channel.room(bytes.readUInt32BE());
    if (type === 'end') channel.push(null);
    if (type === 'reset') channel.reset(bytes.toString());
  }
}

const EMPTY = Buffer.alloc(0);

interface Sent {
  readonly bytes?: Buffer | undefined;
  readonly done?: (() => void) | undefined;
}

interface ChannelPort {
  readonly send: (type: FrameType, bytes?: Buffer, done?: () => void) => void;
  readonly onClose: () => void;
}

class Channel extends Duplex {
  readonly #port: ChannelPort;
  #reset = false;
  /** How much the other side has room for. */
  #window = WINDOW;
  /** What waits for room. */
  #waiting: (() => void) | null = null;
  /** What came and is not accounted for yet. */
  #taken = 0;

  constructor(port: ChannelPort) {
    super({ allowHalfOpen: true });
    this.#port = port;
  }

  receive(bytes: Buffer): void {
    this.#taken += bytes.length;
    this.push(bytes);
  }

  room(bytes: number): void {
    this.#window += bytes;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  /** The other side has broken it off. */
  reset(why: string): void {
    this.#reset = true;
    this.destroy(new Error(why));
  }

  /** Whoever reads has nearly come to the end of what there is. */
  override _read(): void {
    if (this.#taken === 0) return;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#taken);
    this.#taken = 0;
    this.#port.send('room', bytes);
  }

  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    if (chunk.length === 0) return done();
    if (this.#window <= 0) {
      this.#waiting = () => this._write(chunk, encoding, done);
      return;
    }
    const [bytes, rest] = [chunk.subarray(0, this.#window), chunk.subarray(this.#window)];
    this.#window -= bytes.length;
    this.#port.send('data', bytes, rest.length === 0 ? done : () => this._write(rest, encoding, done));
  }

  override _final(done: () => void): void {
    this.#port.send('end', undefined, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const whole = this.readableEnded && this.writableFinished;
    if (!whole && !this.#reset) this.#port.send('reset', Buffer.from(error?.message ?? ''));
    this.#port.onClose();
    done(error);
  }
}

/** All that comes, as text, up to the end of the stream, which can still be written to then. */
export async function readAllText(stream: Readable): Promise<string> {
  const decoder = new StringDecoder('utf8');
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) text += decoder.write(chunk as Buffer);
  return text + decoder.end();
}
