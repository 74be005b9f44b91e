import { expect, test } from 'vitest';
import { WorkerLinks, type LinkedWorker } from '../../src/supervise/worker-links.ts';

const ADDRESS = { type: 'tcp', host: null, port: 3000 } as const;
const HAND_BACK = { type: 'hand-back', worker: 'web', requested: ADDRESS, bound: ADDRESS, slot: 1 } as const;

/** What became of a socket that came with the line. */
function given(line: string): readonly unknown[] {
  const seen: unknown[] = [];
  const worker: LinkedWorker = {
    id: 'web',
    receive: () => {},
    linkClosed: () => {},
    sockets: {
      takeBack: (handBack) => void seen.push(handBack),
      giveOut: ({ slot }) => `slot ${slot}`,
    },
  };
  const links = new WorkerLinks((id) => (id === 'web' ? worker : undefined));
  const isAsked = line.includes('"fetch"');
  const answer = links.exchange(line, isAsked ? undefined : { close: () => seen.push('closed') });
  return answer === undefined ? seen : [...seen, answer];
}

test('a socket that is given back is taken, also from a preload that knew neither types nor slots', () => {
  expect(given(JSON.stringify(HAND_BACK))).toEqual([HAND_BACK]);
  const { type: _type, slot: _slot, ...first } = HAND_BACK;
  expect(given(JSON.stringify(first))).toEqual([{ ...HAND_BACK, slot: null }]);
});

test('a socket that nobody can take is closed: held open, it would swallow connections', () => {
  for (const line of [
    'no message',
    'null',
    '{}',
    JSON.stringify({ ...HAND_BACK, worker: 'gone' }),
    JSON.stringify({ ...HAND_BACK, type: 'of a later version' }),
    JSON.stringify({ ...HAND_BACK, bound: undefined }),
  ])
    expect(given(line)).toEqual(['closed']);
});

test('a socket that is asked for is given', () => {
  expect(given(JSON.stringify({ type: 'fetch', worker: 'web', address: ADDRESS, slot: 2 }))).toEqual(['slot 2']);
});
