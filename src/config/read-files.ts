import type { Diagnostic } from '../domain/diagnostic.ts';
import { realPath } from '../platform/files.ts';
import { readForm, type Part } from './read-form.ts';
import { readKeys, type KeyedEcosystem, type OptionBlock } from './read-keys.ts';
import type { Report } from './report.ts';
import type { SourceReader } from './source-reader.ts';
import { includedAt, type SourceDocument, type SourcePath } from './source.ts';
import { listOf } from './read-env.ts';
import { validateValues } from './validate.ts';

/** One of the files that an ecosystem consists of. */
export interface EcosystemFile {
  /** Absolute. */
  readonly file: string;
  /** Interpolated. */
  readonly document: SourceDocument;
  readonly keyed: KeyedEcosystem;
  /** The paths of blocks with wrong values: what follows from those is not reported. */
  readonly wrong: ReadonlySet<SourcePath>;
  /** `defaults` of the files around it and its own, the outermost first. */
  readonly defaults: readonly OptionBlock[];
}

export interface ReadContext {
  readonly reader: SourceReader;
  readonly report: Report;
}

/** The file and those that it includes, each once, in the order in which they are written; none if the file is no ecosystem. */
export async function readFiles(root: SourceDocument, context: ReadContext): Promise<readonly EcosystemFile[]> {
  const reader = new FilesReader(context);
  await reader.read(root, { at: [], around: [], defaults: [] });
  return reader.files;
}

interface Surroundings {
  /** Where the file begins. */
  readonly at: SourcePath;
  /** The files that include it, with their links resolved. */
  readonly around: readonly string[];
  readonly defaults: readonly OptionBlock[];
}

class FilesReader {
  readonly files: EcosystemFile[] = [];
  readonly #context: ReadContext;
  readonly #seen = new Set<string>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  async read(document: SourceDocument, { at, around, defaults }: Surroundings): Promise<void> {
    const { report, reader } = this.#context;
    const self = realPath(document.file);
    this.#seen.add(self);
    const interpolated = reader.interpolate(document, { report, at });
    const form = readForm(interpolated ?? document, report, { at });
    if (form === null) return;
    const keyed = readKeys(form, document, report);
    const wrong = interpolated === null ? everyBlock(keyed) : validateValues(keyed, report);
    const chain = [...defaults, ...(keyed.defaults === null ? [] : [keyed.defaults])];
    this.files.push({ file: document.file, document: interpolated ?? document, keyed, wrong, defaults: chain });
    if (keyed.include === null || interpolated === null) return;
    for (const entry of entriesOf(keyed.include))
      await this.#include(entry, { from: document.file, around: [...around, self], defaults: chain });
  }

  /** A file that two others include is in the project once. */
  async #include({ name, path }: Entry, { from, around, defaults }: Omit<Surroundings, 'at'> & { from: string }) {
    const { report, reader } = this.#context;
    const file = reader.locate(name, from);
    const start = around.indexOf(realPath(file));
    if (start >= 0) {
      const round = [...around.slice(start), realPath(file)].join(' → ');
      const message =
        around.length - start === 1 ? 'the file includes itself' : `the files include each other: ${round}`;
      return report.error('ECO1107', path, { message });
    }
    if (this.#seen.has(realPath(file))) return;
    const parsed = await reader.parse(file);
    if (!parsed.ok) return report.add(asIncluded(parsed.error, report, path));
    report.include(parsed.value);
    await this.read(parsed.value, { at: includedAt(parsed.value.file), around, defaults });
  }
}

interface Entry {
  readonly name: string;
  readonly path: SourcePath;
}

/** None of a value that is no list of paths: the schema has said so. */
function entriesOf({ value, path }: Part): readonly Entry[] {
  const isList = Array.isArray(value);
  if (isList && !value.every((name) => typeof name === 'string')) return [];
  return listOf(value).map((name, index) => ({ name, path: isList ? [...path, index] : path }));
}

/** A file that is not there is told where it is asked for; a mistake in it, where it is made. */
function asIncluded(diagnostic: Diagnostic, report: Report, path: SourcePath): Diagnostic {
  const here = report.locate(path, 'value');
  if (diagnostic.location.range === null)
    return { ...diagnostic, location: here, message: `${diagnostic.location.file}: ${diagnostic.message}` };
  return { ...diagnostic, related: [...diagnostic.related, { message: 'the file is included here', location: here }] };
}

function everyBlock({ defaults, apps }: KeyedEcosystem): ReadonlySet<SourcePath> {
  return new Set([...(defaults === null ? [] : [defaults]), ...apps].map(({ path }) => path));
}
