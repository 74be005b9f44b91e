import type { LogLine, LogTargetQuery } from '../../protocol/control.ts';
import { unreachable } from '../../util/unreachable.ts';
import { paint, type Colour } from './colours.ts';

export interface LogFormat {
  readonly colour: boolean;
  readonly form: 'prefixed' | 'raw' | 'json';
}

/** Prefixes are as wide as the widest label seen, which for the apps that were asked for is known from the beginning. */
export function logLineFormatter(
  targets: readonly LogTargetQuery[],
  { colour, form }: LogFormat,
): (line: LogLine) => string {
  const severalProjects = new Set(targets.map(({ project }) => project)).size > 1;
  const colourOf = painter(colour);
  let width = Math.max(0, ...targets.map((target) => labelOf(target, severalProjects).length));
  return (line) => {
    switch (form) {
      case 'raw':
        return `${line.line}\n`;
      case 'json':
        return `${JSON.stringify(document(line))}\n`;
      case 'prefixed': {
        const label = labelOf(line, severalProjects);
        width = Math.max(width, label.length);
        return `${colourOf(line, `${label.padEnd(width)} ${line.stream === 'err' ? '!' : '|'}`)} ${readable(line)}\n`;
      }
      default:
        return unreachable(form);
    }
  };
}

function labelOf({ project, app, instance }: LogTargetQuery, severalProjects: boolean): string {
  const name = severalProjects ? `${project}/${app}` : app;
  return instance === null ? name : `${name}:${instance}`;
}

/** Where eco made an object of the line, what the app wrote. */
export function readable({ line, message }: Pick<LogLine, 'line' | 'message'>): string {
  return line !== message && line.startsWith('{') ? message : line;
}

/** Published, like every JSON that eco prints. */
function document({ project, app, instance, stream, line, message, at }: LogLine) {
  return { project, app, instance, stream, line, message, at: at === null ? null : new Date(at).toISOString() };
}

/** An app keeps its colour while the command runs; what it wrote to stderr stands out. */
function painter(colour: boolean): (line: LogLine, prefix: string) => string {
  const colours = paint(colour);
  const chosen = new Map<string, Colour>();
  return ({ project, app, stream }, prefix) => {
    if (stream === 'err') return colours('red', prefix);
    const key = JSON.stringify([project, app]);
    const own = chosen.get(key) ?? PALETTE[chosen.size % PALETTE.length] ?? 'cyan';
    chosen.set(key, own);
    return colours(own, prefix);
  };
}

const PALETTE: readonly Colour[] = ['cyan', 'green', 'yellow'];
