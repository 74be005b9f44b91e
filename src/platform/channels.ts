import { Duplex, type Readable, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Milliseconds } from '../domain/time.ts';

/**
 * Many byte streams, the channels, within one in each direction. A frame is its type, the number of the channel, a length
 * and so many bytes. One side opens all channels. Each is heard of every `PING_INTERVAL`, so that one that is gone is missed
 * also where the network does not tell.
 *
 *   open   the bytes are the name      data   end   reset   the bytes say why      ping
 */
const FRAMES = ['open', 'data', 'end', 'reset', 'ping'] as const;
type FrameType = (typeof FRAMES)[number];
const HEADER = 9;
/** A longer frame is none: the bytes are somebody else's. */
const LONGEST = 1 << 20;
const PING_INTERVAL: Milliseconds = 10_000;
/** So many intervals without a word are the end. */
const MOST_SILENT = 4;

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
  readonly #full = new Set<Channel>();
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

  open(name: string): Duplex {
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
    for (const channel of this.#open.values()) channel.destroy(new Error('the connection was lost'));
    this.#options.onEnd();
  }

  #add(id: number): Channel {
    const channel = new Channel({
      send: (type, bytes, done) => this.#send(type, id, { bytes, done }),
      onRoom: () => this.#hasRoom(channel),
      onClose: () => {
        this.#open.delete(id);
        this.#hasRoom(channel);
      },
    });
    if (this.#ended) channel.destroy(new Error('the connection was lost'));
    else this.#open.set(id, channel);
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
    // What is not read is not heard either.
    this.#silent = this.#full.size > 0 ? 0 : this.#silent + 1;
    if (this.#silent > MOST_SILENT) this.close();
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
    if (type === 'data' && !channel.push(bytes)) this.#isFull(channel);
    if (type === 'end') channel.push(null);
    if (type === 'reset') channel.reset(bytes.toString());
  }

  /** All wait for the slowest reader: none of them holds more than it has room for. */
  #isFull(channel: Channel): void {
    this.#full.add(channel);
    this.#options.input.pause();
  }

  #hasRoom(channel: Channel): void {
    if (this.#full.delete(channel) && this.#full.size === 0) this.#options.input.resume();
  }
}

const EMPTY = Buffer.alloc(0);

interface Sent {
  readonly bytes?: Buffer | undefined;
  readonly done?: (() => void) | undefined;
}

interface ChannelPort {
  readonly send: (type: FrameType, bytes?: Buffer, done?: () => void) => void;
  readonly onRoom: () => void;
  readonly onClose: () => void;
}

class Channel extends Duplex {
  readonly #port: ChannelPort;
  #reset = false;

  constructor(port: ChannelPort) {
    super({ allowHalfOpen: true });
    this.#port = port;
  }

  /** The other side has broken it off. */
  reset(why: string): void {
    this.#reset = true;
    this.destroy(new Error(why));
  }

  override _read(): void {
    this.#port.onRoom();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const pieces = Math.max(1, Math.ceil(chunk.length / LONGEST));
    for (let piece = 0; piece < pieces; piece++) {
      const bytes = chunk.subarray(piece * LONGEST, (piece + 1) * LONGEST);
      this.#port.send('data', bytes, piece === pieces - 1 ? done : undefined);
    }
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
