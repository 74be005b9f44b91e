import { printable } from '../../reconcile/printable.ts';
import { FORMAT_VERSION } from '../../reconcile/plan-document.ts';
import type { Finding } from '../doctor/checkup.ts';
import { paint, type Colour } from './colours.ts';

const SIGNS: Readonly<Record<Finding['status'], { readonly sign: string; readonly colour: Colour }>> = {
  good: { sign: 'ok', colour: 'green' },
  'worth-knowing': { sign: '?', colour: 'yellow' },
  bad: { sign: '!', colour: 'red' },
};

/** A line for each finding, with the way out beneath. */
export function formatFindings(findings: readonly Finding[], { colour }: { readonly colour: boolean }): string {
  const colours = paint(colour);
  const lines = findings.flatMap(({ status, text, way }) => {
    const { sign, colour: own } = SIGNS[status];
    return [
      `${colours(own, sign.padEnd(2))}  ${printable(text)}`,
      ...(way === undefined ? [] : [`      ${printable(way)}`]),
    ];
  });
  const bad = findings.filter(({ status }) => status === 'bad').length;
  return [
    ...lines,
    '',
    bad === 0 ? 'Nothing is wrong.' : `${bad} ${bad === 1 ? 'thing is' : 'things are'} wrong.`,
  ].join('\n');
}

/** What `--json` prints; published. */
export function doctorDocument(findings: readonly Finding[]) {
  return {
    format_version: FORMAT_VERSION,
    healthy: findings.every(({ status }) => status !== 'bad'),
    findings: findings.map(({ check, status, text, way = null }) => ({ check, status, text, way })),
  } as const;
}
