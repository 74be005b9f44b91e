import { formatOrigin } from '../../domain/desired-state.ts';
import type { Failure } from '../../domain/failure.ts';
import { unreachable } from '../../util/unreachable.ts';

type Refusal = Extract<
  Failure,
  { reason: 'config-invalid' | 'owned-by-another-origin' | 'empty-desired-state' | 'watched-already' }
>;

/** Why a file is not applied. */
export function refusalHeadline(failure: Refusal): string {
  switch (failure.reason) {
    case 'config-invalid': {
      const errors = failure.diagnostics.filter(({ severity }) => severity === 'error').length;
      return `the file has ${errors === 1 ? '1 error' : `${errors} errors`}; nothing was changed`;
    }
    case 'owned-by-another-origin':
      return `project ${failure.project} belongs to ${formatOrigin(failure.owner)}; nothing was changed`;
    case 'empty-desired-state':
      return `the file has no apps, but project ${failure.project} has ${count(failure.apps.length, 'app')}; nothing was changed`;
    case 'watched-already':
      return 'another eco watch of this file runs; nothing was begun';
    default:
      return unreachable(failure);
  }
}

export function refusalAdvice(failure: Refusal): readonly string[] {
  switch (failure.reason) {
    case 'config-invalid':
      return ['See every error with its place: eco validate'];
    case 'owned-by-another-origin':
      return [
        `This file comes from ${formatOrigin(failure.claimant)}.`,
        'Give this file a project name of its own, or make it the owner: eco apply --take-ownership',
      ];
    case 'empty-desired-state':
      return [`It has ${failure.apps.join(', ')}.`, 'Delete all of them: eco apply --allow-empty, or eco down'];
    case 'watched-already':
      return ['End that one first: press q or Ctrl-C in its terminal'];
    default:
      return unreachable(failure);
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
