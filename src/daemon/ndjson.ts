/**
 * An answer of one JSON document a line, sent as `produce` sends them. `signal` is aborted when the client has gone;
 * what is sent after that is dropped.
 */
export function ndjson(produce: (send: (value: object) => void, signal: AbortSignal) => Promise<void>): Response {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const send = (value: object): void => {
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      };
      const finish = (): void => {
        if (!gone.signal.aborted) controller.close();
      };
      // Not awaited: a stream that starts late would send late.
      void produce(send, gone.signal).then(finish, (error: unknown) => {
        if (!gone.signal.aborted) controller.error(error);
      });
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}
