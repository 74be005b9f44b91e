/** The part of ws (https://github.com/websockets/ws) that the tests use; the package comes without types. */
declare module 'ws' {
  export class WebSocket {
    constructor(address: string);
    on(event: 'message', listener: (data: Buffer) => void): this;
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    terminate(): void;
  }
}
