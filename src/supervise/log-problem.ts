import { unreachable } from '../util/unreachable.ts';

/** What keeps a log from being rotated as it should be. */
export type LogProblem =
  /** The file system knows no way to shorten a file that is written to: a line may get lost at each rotation. */
  | { readonly type: 'may-lose-lines' }
  /** Not even after all archives of the file were given up. */
  | { readonly type: 'no-space' }
  | { readonly type: 'failed'; readonly cause: string };

/** For the log of whoever keeps the workers. */
export function logProblemText(path: string, problem: LogProblem): string {
  return `${path}: ${textOf(problem)}`;
}

function textOf(problem: LogProblem): string {
  switch (problem.type) {
    case 'may-lose-lines':
      return 'this file system cannot shorten a file that is written to; a line may get lost whenever this log is rotated';
    case 'no-space':
      return 'the disk is full; the oldest lines of this log were given up';
    case 'failed':
      return `cannot be rotated: ${problem.cause}`;
    default:
      return unreachable(problem);
  }
}
