import { printable } from '../../reconcile/printable.ts';
import { quoted } from './quoted.ts';

export function formatIsFile(word: string): string {
  return `${printable(word)} is an ecosystem file, not a program. Nothing was changed.\n  Make the processes match it: eco apply ${quoted(word)}`;
}

export function formatIsApp(word: string): string {
  const name = quoted(word);
  return [
    `${printable(word)} is an app already: options and arguments are for a program that is none. Nothing was changed.`,
    `  Start it as it is: eco start ${name}`,
    `  Change its number of workers: eco scale ${name} N`,
    `  Change anything else: in its file, then eco apply`,
  ].join('\n');
}

export function formatOneName(programs: readonly string[]): string {
  return `--name is for one program, and here are ${programs.length}: ${programs.map(printable).join(', ')}. Nothing was changed.\n  Start them one by one, or put arguments behind --: eco start worker.js --name mail -- --queue mail`;
}
