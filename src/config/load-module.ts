import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds } from '../domain/time.ts';
import { entryPoints } from '../platform/entry-points.ts';
import { realPath } from '../platform/files.ts';
import { commandLine, nodeVersion, stripsTypes } from '../platform/machine.ts';
import type { ThrownError } from '../platform/module-thread.ts';
import { unreachable } from '../util/unreachable.ts';
import { extentDiagnostic } from './check-extent.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { importedFiles } from './imported-files.ts';
import { locateSpan, spanAt, wholeFile } from './locate.ts';
import type { ModuleAnswer, ModuleQuestion, Uncopied } from './module-message.ts';
import { parseJson } from './parse-json.ts';
import { isRecord, type OnRead, type SourceDocument, type SourceText, type Span } from './source.ts';

/** A configuration that waits for longer waits for something that will not come. */
const MODULE_TIMEOUT = seconds(10);
/** In MiB. */
const MODULE_MEMORY = 512;

export interface ModuleContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly typescript: boolean;
  /** Hears of the modules that it imports. */
  readonly onRead?: OnRead;
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
  const onRead = context.onRead ?? (() => {});
  for (const file of importedFiles(source)) onRead(file, 'imported');
  const { askThread } = await import('../platform/module-thread.ts');
  const timeout = context.timeout ?? MODULE_TIMEOUT;
  const question: ModuleQuestion = { file: source.file, argv: commandLine(), environment: { ...context.environment } };
  const outcome = await askThread(entryPoints.moduleWorker, question, { timeout, memory: MODULE_MEMORY });
  switch (outcome.type) {
    case 'answered': {
      const answer = outcome.answer as ModuleAnswer;
      for (const file of answer.required) if (file !== realPath(source.file)) onRead(file, 'imported');
      return finish(source, answer);
    }
    case 'threw':
      return err(thrown(source, outcome.error));
    case 'timed-out':
      return err(neverSettles(source, `the file did not come to an end within ${timeout / 1000} s`));
    case 'idle':
      return err(neverSettles(source, 'the file waits for something that can no longer happen'));
    case 'exited':
      return err(endsItself(source, outcome.exitCode));
    default:
      return unreachable(outcome);
  }
}

function finish(source: SourceText, answer: ModuleAnswer): Result<SourceDocument, Diagnostic> {
  const positions = { positions: null, duplicates: [], root: [] };
  if (answer.type === 'unusable') {
    return err(extentDiagnostic({ ...source, value: null, ...positions }, answer.problem));
  }
  const value = answer.uncopied.reduce(putBack, answer.value);
  if (value === undefined || value === null || (isRecord(value) && Object.keys(value).length === 0)) {
    return err(exportsNothing(source));
  }
  return ok({ ...source, value, ...positions });
}

/** A stand-in of the same type, for messages. */
function putBack(value: unknown, { path, type }: Uncopied): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return type === 'function' ? () => undefined : Symbol('symbol');
  if (Array.isArray(value)) return value.with(Number(step), putBack(value[Number(step)], { path: rest, type }));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [
    key,
    key === step ? putBack(part, { path: rest, type }) : part,
  ]);
  return Object.fromEntries(entries);
}

/** Pure JSON that was saved as `.js` is no program: a bare object does not parse, and a bare array exports nothing. */
async function parseIfJson(source: SourceText): Promise<SourceDocument | null> {
  if (!/^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*[{[]/.test(source.text)) return null;
  const parsed = await parseJson(source);
  return parsed.ok && typeof parsed.value.value === 'object' ? parsed.value : null;
}

function thrown(source: SourceText, error: ThrownError): Diagnostic {
  const text = error.message.split('\n')[0] ?? '';
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
  if (error.name === 'SyntaxError') {
    const found = place ?? placeOfSyntaxError(source);
    return diagnostic(source, 'ECO1502', { message: `not valid JavaScript: ${text}`, place: found });
  }
  return diagnostic(source, 'ECO1501', { message: `the file throws: ${text}`, place });
}

function missingModule(
  source: SourceText,
  { missing, error }: { readonly missing: string; readonly error: ThrownError },
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

function neverSettles(source: SourceText, message: string): Diagnostic {
  return diagnostic(source, 'ECO1504', {
    message,
    hint: 'a promise in it never settles, or it runs in a circle',
    place: null,
  });
}

function endsItself(source: SourceText, exitCode: number): Diagnostic {
  return diagnostic(source, 'ECO1509', {
    message: `the file ends the process that reads it, with exit code ${exitCode}`,
    hint: 'throw an error instead of calling process.exit',
    place: placeOfExit(source.text),
  });
}

function placeOfExit(text: string): Span | null {
  const match = /\bprocess\s*\.\s*exit\b/.exec(text);
  return match === null ? null : { start: match.index, end: match.index + match[0].length };
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
  readonly place: Span | null;
}

function diagnostic(source: SourceText, code: DiagnosticCode, { message, hint, place }: Problem): Diagnostic {
  const location = place === null ? wholeFile(source.file) : locateSpan(source, place);
  return { code, severity: 'error', message, hint: hint ?? null, location, related: [] };
}

/** The topmost frame of the stack that is in the file itself; CommonJS syntax errors name it above the stack. */
function placeInStack(source: SourceText, { stack }: Pick<ThrownError, 'stack'>): Span | null {
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
function placeOfSyntaxError(source: SourceText): Span | null {
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
    return error instanceof Error ? placeInStack(source, { stack: error.stack ?? '' }) : null;
  }
}

/** The line of carets under the source line says what a syntax error has no column for. */
function caretColumn(stack: string): number {
  const carets = /^( *)\^+/m.exec(stack);
  return (carets?.[1]?.length ?? 0) + 1;
}
