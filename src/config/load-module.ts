import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds } from '../domain/time.ts';
import { realPath } from '../platform/files.ts';
import { commandLine, nodeVersion, settleWithin, stripsTypes, withStdoutOnStderr } from '../platform/machine.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { locateSpan, spanAt, wholeFile } from './locate.ts';
import { parseJson } from './parse-json.ts';
import { formatSourcePath, isRecord, type SourceDocument, type SourcePath, type SourceText } from './source.ts';

/** A configuration that waits for longer waits for something that will not come. */
const MODULE_TIMEOUT = seconds(10);

export interface ModuleContext {
  /** What a module that exports a function is called with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly typescript: boolean;
  readonly timeout?: number;
}

/** Runs the module; its value is what it exports, whatever that is. */
export async function loadModule(
  source: SourceText,
  context: ModuleContext,
): Promise<Result<SourceDocument, Diagnostic>> {
  if (context.typescript && !stripsTypes()) return err(noTypeScript(source));
  const json = await parseIfJson(source);
  if (json !== null) return ok(json);
  try {
    const outcome = await withStdoutOnStderr(() =>
      settleWithin(evaluate(source, context), context.timeout ?? MODULE_TIMEOUT),
    );
    if (outcome.type === 'timed-out') return err(neverSettles(source, context.timeout ?? MODULE_TIMEOUT));
    return finish(source, outcome.value);
  } catch (error) {
    return err(thrown(source, error));
  }
}

function finish(source: SourceText, value: unknown): Result<SourceDocument, Diagnostic> {
  if (value === undefined || value === null || (isRecord(value) && Object.keys(value).length === 0)) {
    return err(exportsNothing(source));
  }
  const cycle = findCycle(value, []);
  if (cycle !== null) {
    const message = `the value that the file exports contains itself at ${formatSourcePath(cycle)}`;
    return err(diagnostic(source, 'ECO1508', { message, place: null }));
  }
  return ok({ ...source, value, positions: null, duplicates: [], root: [] });
}

/** The first place that holds something that holds it. */
function findCycle(value: unknown, around: readonly unknown[], path: SourcePath = []): SourcePath | null {
  if (typeof value !== 'object' || value === null) return null;
  if (around.includes(value)) return path;
  for (const [key, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    const cycle = findCycle(inner, [...around, value], [...path, step]);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Pure JSON that was saved as `.js` is no program: a bare object does not parse, and a bare array exports nothing. */
async function parseIfJson(source: SourceText): Promise<SourceDocument | null> {
  if (!/^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*[{[]/.test(source.text)) return null;
  const parsed = await parseJson(source);
  return parsed.ok && typeof parsed.value.value === 'object' ? parsed.value : null;
}

async function evaluate(source: SourceText, { environment }: ModuleContext): Promise<unknown> {
  const namespace: unknown = await import(pathToFileURL(source.file).href);
  const exported = isRecord(namespace) ? exportOf(namespace) : undefined;
  const value: unknown =
    typeof exported === 'function' ? await exported({ env: environment, argv: commandLine() }) : await exported;
  return isRecord(value) && 'default' in value && !('apps' in value) ? value['default'] : value;
}

/** `default.apps ?? apps ?? default`; a default export keeps its other keys, such as `project`. */
function exportOf(namespace: Readonly<Record<string, unknown>>): unknown {
  const { default: main, ...named } = namespace;
  if (main !== undefined) return isRecord(main) && !hasApps(main) && hasApps(named) ? named : main;
  return Object.keys(named).length === 0 ? undefined : named;
}

function hasApps(value: Readonly<Record<string, unknown>>): boolean {
  return value['apps'] !== undefined;
}

function thrown(source: SourceText, error: unknown): Diagnostic {
  const text = messageOf(error);
  const place = placeInStack(source, error);
  const missing = /Cannot find (?:module|package) '([^']+)'/.exec(text)?.[1];
  if (missing !== undefined) return missingModule(source, { missing, error });
  if (extname(source.file) === '.mjs' && /\b(module|exports|require) is not defined/.test(text)) {
    const message = `${text}: an .mjs file is an ES module`;
    return diagnostic(source, 'ECO1506', {
      message,
      hint: 'write "export default { apps: [...] }", or rename the file to .cjs',
      place,
    });
  }
  if (isSyntaxError(error)) {
    const found = place ?? placeOfSyntaxError(source);
    return diagnostic(source, 'ECO1502', { message: `not valid JavaScript: ${text}`, place: found });
  }
  return diagnostic(source, 'ECO1501', { message: `the file throws: ${text}`, place });
}

function missingModule(
  source: SourceText,
  { missing, error }: { readonly missing: string; readonly error: unknown },
): Diagnostic {
  const name = (missing.split('/').at(-1) ?? missing).replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const written = new RegExp(`(["'])[^"'\n]*${name}[^"'\n]*\\1`).exec(source.text);
  const inText = written === null ? null : { start: written.index, end: written.index + written[0].length };
  const place = placeInStack(source, error) ?? inText;
  const relative = /^[./]/.test(missing);
  return diagnostic(source, 'ECO1507', {
    message: `the file imports "${missing}", which does not exist`,
    hint: relative
      ? 'an ES module names its imports with their extension'
      : `install it in the folder of the file: npm install ${missing}`,
    place,
  });
}

function noTypeScript(source: SourceText): Diagnostic {
  return diagnostic(source, 'ECO1505', {
    message: `Node ${nodeVersion()} does not run TypeScript files`,
    hint: 'use Node 22.18 or newer, or write the file as .js, .yaml or .json',
    place: null,
  });
}

function neverSettles(source: SourceText, timeout: number): Diagnostic {
  return diagnostic(source, 'ECO1504', {
    message: `the file exports a promise that did not settle within ${timeout / 1000} s`,
    place: null,
  });
}

function exportsNothing(source: SourceText): Diagnostic {
  const isModule = /^\s*export\b/m.test(source.text);
  return diagnostic(source, 'ECO1503', {
    message: 'the file exports nothing',
    hint: isModule ? 'write "export default { apps: [...] }"' : 'write "module.exports = { apps: [...] }"',
    place: null,
  });
}

interface Problem {
  readonly message: string;
  readonly hint?: string;
  readonly place: { readonly start: number; readonly end: number } | null;
}

function diagnostic(source: SourceText, code: DiagnosticCode, { message, hint, place }: Problem): Diagnostic {
  const location = place === null ? wholeFile(source.file) : locateSpan(source, place);
  return { code, severity: 'error', message, hint: hint ?? null, location, related: [] };
}

/** The topmost frame of the stack that is in the file itself; CommonJS syntax errors name it above the stack. */
function placeInStack(source: SourceText, error: unknown): { readonly start: number; readonly end: number } | null {
  if (!(error instanceof Error) && !isRecord(error)) return null;
  const stack = typeof error.stack === 'string' ? error.stack : '';
  for (const [, url = '', line = '', column = ''] of stack.matchAll(
    /((?:file:\/\/)?\/[^\n()]*?):(\d+)(?::(\d+))?(?=[)\n]|$)/g,
  )) {
    const path = url.startsWith('file://') ? fileURLToPath(url) : url;
    if (path !== source.file && path !== realPath(source.file)) continue;
    const columnNumber = column === '' ? caretColumn(stack) : Number(column);
    return spanAt(source.text, Number(line), columnNumber);
  }
  return null;
}

/**
 * Node does not tell the line of a syntax error in an ES module. Compiled as a script, with the words of modules blanked out,
 * the text fails at the same place.
 */
function placeOfSyntaxError(source: SourceText): { readonly start: number; readonly end: number } | null {
  const script = source.text
    .replace(
      /^(\s*)export\s+default\b/gm,
      (words, indent: string) => indent + 'void'.padEnd(words.length - indent.length),
    )
    .replace(/^\s*(export\b|import\b[^(\n]*$)/gm, (words) => words.replace(/\S/g, ' '));
  try {
    void new Script(script, { filename: source.file });
    return null;
  } catch (error) {
    return placeInStack(source, error);
  }
}

/** The line of carets under the source line says what a syntax error has no column for. */
function caretColumn(stack: string): number {
  const carets = /^( *)\^+/m.exec(stack);
  return (carets?.[1]?.length ?? 0) + 1;
}

function isSyntaxError(error: unknown): boolean {
  return isRecord(error) && error['name'] === 'SyntaxError';
}

function messageOf(error: unknown): string {
  const text = isRecord(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
  return text.split('\n')[0] ?? text;
}
