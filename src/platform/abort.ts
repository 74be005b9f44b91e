import { setMaxListeners } from 'node:events';

/** An AbortController that any number of steps may listen to at once; Node warns from the eleventh listener of others on. */
export function sharedAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
