import type { BootProblem } from '../../domain/failure.ts';
import { unreachable } from '../../util/unreachable.ts';
import { shellCommand } from './shell-text.ts';

export function bootHeadline(problem: BootProblem): string {
  switch (problem.type) {
    case 'needs-root':
      return 'only root may change what starts with the machine; nothing was changed';
    case 'no-such-user':
      return `there is no user ${JSON.stringify(problem.user)}; nothing was changed`;
    case 'no-service-manager':
      return `eco finds neither systemd nor launchd here (${problem.problem}); nothing was changed`;
    case 'file-not-ours':
      return `${problem.path} was not made by eco; nothing was changed`;
    case 'step-failed':
      return `\`${shellCommand(problem.words)}\` failed: ${problem.problem}; apps that run go on running`;
    default:
      return unreachable(problem);
  }
}

export function bootAdvice(problem: BootProblem): readonly string[] {
  switch (problem.type) {
    case 'needs-root':
      return [`Type: sudo ${shellCommand(problem.words)}`, 'See first what it would do: add --print'];
    case 'no-such-user':
      return [];
    case 'no-service-manager':
      return [
        `Have what starts this machine start, and start again: ${shellCommand(problem.words)}`,
        'In a container: eco run',
      ];
    case 'file-not-ours':
      return ['Look at it, move it away, then type the same again.'];
    case 'step-failed':
      // An unprivileged user without a session of its own may not; root always may.
      if (problem.words[0] === 'loginctl')
        return [`Until then eco starts at the first login. Type: sudo ${shellCommand(problem.words)}`];
      return ['Type the same again once that works; what is done already is not done twice.'];
    default:
      return unreachable(problem);
  }
}
