/** Between eco here and `eco dial-stdio` on another machine: a greeting, then channels (`platform/channels`). */

/** Begins the line of the greeting; what stands before it was written by a shell on its way. */
export const GREETING = 'eco-dial ';

/** Who answers there. */
export interface Greeting {
  readonly version: string;
  readonly node: string;
  readonly user: string;
  /** Its own name of itself. */
  readonly host: string;
  /** ECO_HOME there. */
  readonly home: string;
}

/** `daemon`: its socket. `call`: a `DialCall` as JSON up to the end of the channel, and so its answer, a `Result`. */
export type ChannelName = 'daemon' | 'call';

export interface DialCall {
  readonly call: DialCallName;
  readonly body: unknown;
}

export type DialCallName = 'connect' | 'home-has-apps' | 'load' | 'source' | 'started-workers' | 'prepare-sync';

/** A daemon that answers. */
export interface DialedDaemon {
  readonly socket: string;
  readonly log: string;
  /** Of a daemon of another version. */
  readonly other: { readonly version: string; readonly node: string } | null;
}
