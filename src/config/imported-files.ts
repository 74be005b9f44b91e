import { dirname, resolve } from 'node:path';
import { fileKind, readTextIfPresent } from '../platform/files.ts';
import type { SourceText } from './source.ts';

const LARGEST_MODULE = 1024 * 1024;
const ENDINGS = ['', '.js', '.cjs', '.mjs', '.ts', '.json', '/index.js'];

/** `from './x.js'`, `import './x.js'`, `import('./x.js')`, `require('./x')` */
const RELATIVE_IMPORT = /\b(?:from|import|require)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]*)\1/g;

/** What a module imports by relative paths, and what that imports in turn, as far as the text alone tells. */
export function importedFiles(source: SourceText): readonly string[] {
  const found = new Set<string>();
  const open: SourceText[] = [source];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    const { file, text } = current;
    for (const [, , specifier = ''] of text.matchAll(RELATIVE_IMPORT)) {
      const named = resolve(dirname(file), specifier);
      const path = ENDINGS.map((ending) => named + ending).find((candidate) => fileKind(candidate) === 'file') ?? named;
      if (path === source.file || found.has(path)) continue;
      found.add(path);
      open.push({ file: path, text: readTextIfPresent(path, LARGEST_MODULE) ?? '' });
    }
  }
  return [...found];
}
