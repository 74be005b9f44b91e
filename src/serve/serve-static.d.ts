/** What is used of the package, which has no types. */
declare module 'serve-static' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** `next` is called where nothing was answered; with the problem, if there is one. */
  export default function serveStatic(
    folder: string,
  ): (
    request: IncomingMessage,
    response: ServerResponse,
    next: (problem?: { readonly status?: number }) => void,
  ) => void;
}
