import { DIAGNOSTIC_CODES } from '../../config/diagnostic-codes.ts';
import { byCodeUnit } from '../../util/compare.ts';
import type { CliContext } from '../context.ts';
import { EXIT, EXIT_CODES, type ExitCode } from '../exit-codes.ts';
import { writeJson } from '../render/console.ts';
import { explanationDocument, formatExplanation, formatUnknownCode, type Explanation } from '../render/explain-text.ts';

/** null lists all codes. */
export async function explain({ console }: CliContext, word: string | null): Promise<ExitCode> {
  const explanation = find(word);
  if (explanation === null) {
    const known = [...Object.keys(DIAGNOSTIC_CODES), 'exit-codes'];
    console.err(`${formatUnknownCode(word ?? '', known)}\n`);
    return EXIT.unclassified;
  }
  if (console.json) writeJson(console, explanationDocument(explanation));
  else console.out(`${formatExplanation(explanation)}\n`);
  return EXIT.success;
}

function find(word: string | null): Explanation | null {
  if (word === null) {
    const codes = Object.entries(DIAGNOSTIC_CODES).map(([code, info]) => ({ code, info }));
    return { type: 'all-codes', codes: codes.sort((a, b) => byCodeUnit(a.code, b.code)) };
  }
  if (word.toLowerCase() === 'exit-codes') return { type: 'exit-codes', codes: EXIT_CODES };
  const exitCode = EXIT_CODES.find(({ code }) => String(code) === word);
  if (exitCode !== undefined) return { type: 'exit-codes', codes: [exitCode] };
  const code = word.toUpperCase();
  const info = new Map(Object.entries(DIAGNOSTIC_CODES)).get(code);
  return info === undefined ? null : { type: 'code', code, info };
}
