import { basename } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { ok, type Result } from '../domain/result.ts';
import { unreachable } from '../util/unreachable.ts';
import { checkExtent } from './check-extent.ts';
import { loadModule } from './load-module.ts';
import { parseJson } from './parse-json.ts';
import { parseYaml } from './parse-yaml.ts';
import { readSource } from './read-source.ts';
import type { OnRead, SourceDocument } from './source.ts';

export interface ParseContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Hears of the file, and of those that it imports. */
  readonly onRead: OnRead;
}

/** Reads a file and parses it by its extension; modules are run. */
export async function parseSource(file: string, context: ParseContext): Promise<Result<SourceDocument, Diagnostic>> {
  context.onRead(file, 'own');
  const read = readSource(file);
  if (!read.ok) return read;
  const { format, text } = read.value;
  const source = { file, text };
  switch (format) {
    case 'yaml':
      return bounded(await parseYaml(source));
    case 'json':
      return withRoot(await parseJson(source));
    case 'module':
      return loadModule(source, { ...context, typescript: false });
    case 'typescript':
      return loadModule(source, { ...context, typescript: true });
    default:
      return unreachable(format);
  }
}

/** Aliases make little text stand for much, and for what contains itself. */
function bounded(parsed: Result<SourceDocument, Diagnostic>): Result<SourceDocument, Diagnostic> {
  return parsed.ok ? checkExtent(parsed.value) : parsed;
}

/** In a package.json the ecosystem is under "eco". */
function withRoot(parsed: Result<SourceDocument, Diagnostic>): Result<SourceDocument, Diagnostic> {
  if (!parsed.ok || basename(parsed.value.file) !== 'package.json') return parsed;
  return ok({ ...parsed.value, root: ['eco'], duplicates: [] });
}
