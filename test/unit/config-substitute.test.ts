import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { substitute } from '../../src/config/substitute.ts';

const VARIABLES = { A: 'a', EMPTY: '', NESTED: '${A}', toString: undefined };

test.for([
  ['${A}', 'a'],
  ['x${A}y${A}', 'xaya'],
  ['${A:-d}', 'a'],
  ['${NONE:-d}', 'd'],
  ['${NONE-d}', 'd'],
  ['${EMPTY}', ''],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${NONE:-}', ''],
  ['${A:+x}', 'x'],
  ['${A+x}', 'x'],
  ['${EMPTY:+x}', ''],
  ['${EMPTY+x}', 'x'],
  ['${NONE+x}', ''],
  ['${A:?why}', 'a'],
  ['${EMPTY?why}', ''],
  ['${NONE:-${A}-${OTHER:-two words}}', 'a-two words'],
  ['${A:-${NONE}}', 'a'],
  ['$$', '$'],
  ['$${A}', '${A}'],
  ['$$$$', '$$'],
  ['$A costs 5$ (^a$)', '$A costs 5$ (^a$)'],
  ['${NESTED}', '${A}'],
  ['}${A}{', '}a{'],
])('%s is %s', ([text = '', value]) => {
  expect(substitute(text, VARIABLES)).toMatchObject({ value, problems: [] });
});

test('all that is missing is told, with what the file says of it', () => {
  expect(substitute('${X}${Y:?set it to ${Z}}${EMPTY:?why}${toString}', VARIABLES).problems).toEqual([
    { type: 'missing', name: 'X', message: '' },
    { type: 'missing', name: 'Z', message: '' },
    { type: 'missing', name: 'Y', message: 'set it to ' },
    { type: 'missing', name: 'EMPTY', message: 'why' },
    { type: 'missing', name: 'toString', message: '' },
  ]);
});

test.for(['${', '${A', '${}', '${1}', '${a.b}', '${A:d}', '${A-', '${A:-${B}', '${ A }', '${A!}'])(
  '%s is no variable',
  (text) => {
    expect(substitute(text, VARIABLES).problems).toContainEqual({ type: 'malformed', name: null });
  },
);

test('a text with its dollar signs doubled stands for itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(substitute(text.replaceAll('$', '$$$$'), {})).toMatchObject({ value: text, problems: [] });
    }),
  );
});
