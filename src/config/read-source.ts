import { dirname, extname } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { readFileUpTo, readFolder } from '../platform/files.ts';
import { nearest } from '../util/edit-distance.ts';
import { unreachable } from '../util/unreachable.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { SEARCH_PLACES } from './find-file.ts';
import { locateSpan, wholeFile } from './locate.ts';
import type { SourceText } from './source.ts';

/** Far above any real file; a log or a dump named by mistake is told so at once. */
const LARGEST_FILE = 5 * 1024 * 1024;

export type SourceFormat = 'yaml' | 'json' | 'module' | 'typescript';

const FORMATS: Readonly<Record<string, SourceFormat>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.jsonc': 'json',
  '.json5': 'json',
  '.js': 'module',
  '.cjs': 'module',
  '.mjs': 'module',
  '.ts': 'typescript',
  '.cts': 'typescript',
  '.mts': 'typescript',
};

export function readSource(file: string): Result<SourceText & { readonly format: SourceFormat }, Diagnostic> {
  const outcome = readFileUpTo(file, LARGEST_FILE);
  switch (outcome.type) {
    case 'missing':
      return fail(file, 'ECO1002', { message: 'the file does not exist', hint: similarFile(file) });
    case 'folder':
      return fail(file, 'ECO1003', { message: 'this is a folder, not an ecosystem file', hint: ecosystemFileIn(file) });
    case 'unreadable':
      return fail(file, 'ECO1004', { message: `the file cannot be read: ${outcome.problem}` });
    case 'too-large':
      return fail(file, 'ECO1005', {
        message: `the file has ${Math.ceil(outcome.size / 1024 / 1024)} MiB; an ecosystem file may have 5 MiB`,
      });
    case 'read':
      return decode(file, outcome.bytes);
    default:
      return unreachable(outcome);
  }
}

function decode(file: string, bytes: Uint8Array): Result<SourceText & { readonly format: SourceFormat }, Diagnostic> {
  const format = FORMATS[extname(file).toLowerCase()];
  if (format === undefined) {
    return fail(file, 'ECO1008', {
      message: `eco does not know files that end in "${extname(file)}"`,
      hint: 'an ecosystem file ends in .yaml, .yml, .json, .jsonc, .json5, .js, .cjs, .mjs or .ts',
    });
  }
  const invalid = firstInvalidByte(bytes);
  if (invalid !== null) {
    const before = new TextDecoder('utf-8').decode(bytes.subarray(0, invalid));
    const diagnostic = {
      message: 'the file is not UTF-8 text',
      hint: 'save it as UTF-8',
      location: locateSpan({ file, text: before }, { start: before.length, end: before.length + 1 }),
    };
    return fail(file, 'ECO1006', diagnostic);
  }
  const text = new TextDecoder('utf-8').decode(bytes);
  if (text.trim() === '') {
    return fail(file, 'ECO1007', {
      message: 'the file is empty',
      hint: 'an ecosystem file has at least a list of apps: apps: []',
    });
  }
  return ok({ file, text, format });
}

/** The offset of the first byte that no UTF-8 text has there. */
function firstInvalidByte(bytes: Uint8Array): number | null {
  const isValid = (end: number): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  const whole = new TextDecoder('utf-8', { fatal: true });
  try {
    whole.decode(bytes);
    return null;
  } catch {
    let [valid, invalid] = [0, bytes.length + 1];
    while (invalid - valid > 1) {
      const middle = Math.floor((valid + invalid) / 2);
      if (isValid(middle)) valid = middle;
      else invalid = middle;
    }
    return Math.min(valid, bytes.length);
  }
}

interface Problem {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly location?: Diagnostic['location'];
}

function fail(
  file: string,
  code: DiagnosticCode,
  { message, hint, location }: Problem,
): { readonly ok: false; readonly error: Diagnostic } {
  return err({
    code,
    severity: 'error',
    message,
    hint: hint ?? null,
    location: location ?? wholeFile(file),
    related: [],
  });
}

function similarFile(file: string): string | undefined {
  const names = readFolder(dirname(file)).map((entry) => entry.name);
  const similar = nearest(file.slice(dirname(file).length).replace(/^\//, ''), names.sort());
  return similar === undefined ? undefined : `there is a file named "${similar}"`;
}

function ecosystemFileIn(folder: string): string | undefined {
  const names = new Set(readFolder(folder).map((entry) => entry.name));
  const place = SEARCH_PLACES.find((name) => names.has(name));
  return place === undefined ? undefined : `it holds "${place}"`;
}
