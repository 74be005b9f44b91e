import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { MOST_LEVELS } from './extent.ts';
import { locateSpan, spanAt } from './locate.ts';
import { scanJson } from './scan-json.ts';
import { isRecord, type SourceDocument, type SourceText, type Span } from './source.ts';

/** JSON as people write it: comments, bare keys, trailing commas (JSON5). */
export async function parseJson(source: SourceText): Promise<Result<SourceDocument, Diagnostic>> {
  const { default: json5 } = await import('json5');
  try {
    const value: unknown = json5.parse(source.text);
    const keyName = (written: string): string => (/^["']/.test(written) ? String(json5.parse(written)) : written);
    const { node, duplicates, tooDeep } = scanJson(source.text, keyName);
    if (tooDeep !== null) return err(nestedTooDeeply(source, tooDeep));
    return ok({ ...source, value, positions: node, duplicates, root: [] });
  } catch (error) {
    if (error instanceof SyntaxError) return err(syntaxError(source, error));
    throw error;
  }
}

function nestedTooDeeply(source: SourceText, span: Span): Diagnostic {
  return {
    code: 'ECO1015',
    severity: 'error',
    message: `lists and objects are nested more than ${MOST_LEVELS} deep here`,
    hint: null,
    location: locateSpan(source, span),
    related: [],
  };
}

function syntaxError(source: SourceText, error: SyntaxError): Diagnostic {
  const { lineNumber = 1, columnNumber = 1 } = placeOf(error);
  const span = spanAt(source.text, lineNumber, columnNumber);
  const line = source.text.split('\n')[lineNumber - 1] ?? '';
  const location = locateSpan(source, span);
  if (looksLikeCode(line, columnNumber)) {
    return {
      code: 'ECO1013',
      severity: 'error',
      message: 'JSON cannot hold a JavaScript expression',
      hint: `rename the file to .js (or .cjs) and write "module.exports =" before its value`,
      location,
      related: [],
    };
  }
  const reason = error.message.replace(/^JSON5: /, '').replace(/ at \d+:\d+$/, '');
  return {
    code: 'ECO1012',
    severity: 'error',
    message: `not valid JSON: ${reason}`,
    hint: null,
    location,
    related: [],
  };
}

/** The parser stops within `process.env.X`, at `+`, at a backtick, or at the bracket of a call. */
function looksLikeCode(line: string, column: number): boolean {
  const around = line.slice(Math.max(0, column - 12));
  return (
    /\b(process\.(env|cwd)|require\s*\(|module\.exports|__dirname|new\s+\w+\()/.test(around) ||
    /^\s*[+`]/.test(line.slice(column - 1))
  );
}

function placeOf(error: unknown): { readonly lineNumber?: number; readonly columnNumber?: number } {
  if (!isRecord(error)) return {};
  const { lineNumber, columnNumber } = error;
  return typeof lineNumber === 'number' && typeof columnNumber === 'number' ? { lineNumber, columnNumber } : {};
}
