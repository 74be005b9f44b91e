import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootGate } from '../../src/supervise/boot-gate.ts';

test('lets in as many as there are places, the others in the order in which they asked', () => {
  const gate = bootGate(2);
  const entered: string[] = [];
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => gate.request(() => entered.push(name)));
  expect(entered).toEqual(['a', 'b']);
  b?.();
  expect(entered).toEqual(['a', 'b', 'c']);
  a?.();
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
  c?.();
  d?.();
});

test("who gives up waiting never enters, and takes nobody else's place", () => {
  const gate = bootGate(1);
  const entered: string[] = [];
  const first = gate.request(() => entered.push('first'));
  gate.request(() => entered.push('second'))();
  gate.request(() => entered.push('third'));
  expect(entered).toEqual(['first']);
  first();
  expect(entered).toEqual(['first', 'third']);
});

test('a place that is given up twice is one place', () => {
  const gate = bootGate(1);
  const entered: string[] = [];
  const first = gate.request(() => entered.push('first'));
  first();
  first();
  gate.request(() => entered.push('second'));
  gate.request(() => entered.push('third'));
  expect(entered).toEqual(['first', 'second']);
});

test('a place that is given up on entering lets all others in', () => {
  const gate = bootGate(1);
  const entered: number[] = [];
  const holder = gate.request(() => {});
  for (let i = 0; i < 5; i += 1) {
    const release = gate.request(() => {
      entered.push(i);
      release();
    });
  }
  holder();
  expect(entered).toEqual([0, 1, 2, 3, 4]);
});

test('never more inside than there are places, and never a free place while somebody waits', () => {
  const commands = fc.array(fc.nat({ max: 12 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), commands, (places, course) => {
      const gate = bootGate(places);
      const visits: { inside: boolean; left: boolean; release: () => void }[] = [];
      for (const command of course) {
        const leaving = visits[command];
        if (leaving === undefined) {
          const visit = { inside: false, left: false, release: () => {} };
          visits.push(visit);
          visit.release = gate.request(() => {
            visit.inside = true;
          });
        } else {
          leaving.left = true;
          leaving.release();
        }
        const inside = visits.filter((visit) => visit.inside && !visit.left).length;
        const waiting = visits.filter((visit) => !visit.inside && !visit.left).length;
        expect(inside).toBe(Math.min(places, inside + waiting));
      }
    }),
  );
});
