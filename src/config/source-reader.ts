import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ok, type Result } from '../domain/result.ts';
import { expandHome } from './find-file.ts';
import type { GivenEcosystem, GivenFile } from './given-ecosystem.ts';
import { interpolate } from './interpolate.ts';
import { parseJson } from './parse-json.ts';
import { parseSource, type ParseContext } from './parse-source.ts';
import { parseYaml } from './parse-yaml.ts';
import type { Report } from './report.ts';
import type { SourceDocument, SourcePath } from './source.ts';

/** Where the files of an ecosystem come from. */
export interface SourceReader {
  readonly parse: (file: string) => Promise<Result<SourceDocument, Diagnostic>>;
  /** null: the report says what is missing. */
  readonly interpolate: (
    document: SourceDocument,
    options: { readonly report: Report; readonly at: SourcePath },
  ) => SourceDocument | null;
  /** The absolute path of a file that is named in another one. */
  readonly locate: (name: string, from: string) => string;
}

/** From this machine's disk. */
export function readerHere(context: ParseContext): SourceReader {
  const { environment } = context;
  return {
    parse: (file) => parseSource(file, context),
    interpolate: (document, options) => interpolate(document, { environment, ...options }),
    locate: (name, from) => resolve(dirname(from), expandHome(name)),
  };
}

/** As another machine has read and interpolated them. */
export function readerOfGiven({ files, homeFolder }: GivenEcosystem): SourceReader {
  return {
    parse: async (path) => {
      const given = files.find(({ file }) => file === path);
      if (given === undefined) throw new Error(`${path} is not among the files that were given`);
      return ok(await documentOf(given));
    },
    interpolate: (document) => document,
    locate: (name, from) => resolve(dirname(from), expandHome(name, homeFolder)),
  };
}

/** Its places are found in the text once more. */
async function documentOf({ file, text, value, syntax, root }: GivenFile): Promise<SourceDocument> {
  const bare = { file, text, value, positions: null, duplicates: [], root };
  if (syntax === 'module') return bare;
  const parsed = await (syntax === 'yaml' ? parseYaml : parseJson)({ file, text });
  if (!parsed.ok) return bare;
  const { positions, duplicates } = parsed.value;
  return { ...bare, positions, duplicates: root.length === 0 ? duplicates : [] };
}
