import { nearest } from '../util/edit-distance.ts';
import { appName } from './app-name.ts';
import { readText } from './option-values.ts';
import type { OptionBlock } from './read-keys.ts';
import type { Report } from './report.ts';

/** The options that belong to one app and no other. */
const OWN = ['name', 'extends'] as const;

/** The apps that the app extends, the farthest first, without what is their own; null: the report says why not. */
export function extendedBlocks(
  app: OptionBlock,
  all: readonly OptionBlock[],
  report: Report,
): readonly OptionBlock[] | null {
  const chain: OptionBlock[] = [];
  for (let current = app; ;) {
    const part = current.options.get('extends');
    if (part === undefined) return chain.toReversed().map(withoutOwn);
    const name = readText(part.value);
    const base = all.find((candidate) => appName(candidate) === name);
    if (base === undefined) {
      // Told at the app that says so, not at those that extend that one.
      if (current === app) reportUnknown(app, all, report);
      return null;
    }
    if (base === app) reportCycle(app, { chain, all, report });
    if (base === app || chain.includes(base)) return null;
    chain.push(base);
    current = base;
  }
}

function withoutOwn(block: OptionBlock): OptionBlock {
  const options = new Map(block.options);
  for (const name of OWN) options.delete(name);
  return { ...block, options };
}

function reportUnknown(app: OptionBlock, all: readonly OptionBlock[], report: Report): void {
  const part = app.options.get('extends');
  const name = readText(part?.value) ?? '';
  const meant = nearest(
    name,
    all.flatMap((block) => appName(block) ?? []),
  );
  report.error('ECO1415', part?.path ?? app.path, {
    message: `"${name}", which is to be extended, is no app of this file${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  });
}

interface Round {
  readonly chain: readonly OptionBlock[];
  readonly all: readonly OptionBlock[];
  readonly report: Report;
}

/** Each cycle is told once, at its app that comes first. */
function reportCycle(app: OptionBlock, { chain, all, report }: Round): void {
  if (all.find((block) => block === app || chain.includes(block)) !== app) return;
  const round = [app, ...chain, app].map((block) => `"${appName(block) ?? ''}"`).join(' → ');
  report.error('ECO1416', app.options.get('extends')?.path ?? app.path, {
    message: chain.length === 0 ? 'the app extends itself' : `the apps extend each other in a circle: ${round}`,
  });
}
