import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** All that a log holds, archives included, as a person would put it together; the archives in the order of their numbers. */
export function wholeLog(path: string, start: number): string {
  const own = `${basename(path)}.`;
  const archives = readdirSync(dirname(path))
    .filter((name) => name.startsWith(own) && /^\d+(\.gz)?$/.test(name.slice(own.length)))
    .sort((a, b) => Number.parseInt(a.slice(own.length), 10) - Number.parseInt(b.slice(own.length), 10))
    .map((name) => {
      const bytes = readFileSync(join(dirname(path), name));
      return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    });
  return Buffer.concat([...archives, readFileSync(path).subarray(start)]).toString('utf8');
}

/** The numbers of the lines of `fixtures/workers/numbers-lines.js`, by instance, in the order of the log. */
export function numbersByInstance(text: string): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, who, number] = /^(\d+) (\d+) x+$/.exec(line) ?? [];
    if (who === undefined || line.length !== 99) throw new Error(`a broken line: ${JSON.stringify(line)}`);
    const own = numbers.get(who) ?? [];
    own.push(Number(number));
    numbers.set(who, own);
  }
  return numbers;
}

/** What is wrong with a list that shall be 1, 2, 3 … `last`; null: nothing. */
export function firstGap(numbers: readonly number[], last: number): string | null {
  const at = numbers.findIndex((number, index) => number !== index + 1);
  if (at >= 0) return `${numbers[at]} stands where ${at + 1} should`;
  return numbers.length === last ? null : `${numbers.length} lines instead of ${last}`;
}
