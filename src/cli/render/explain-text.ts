import type { DiagnosticCodeInfo } from '../../config/diagnostic-codes.ts';
import { nearest } from '../../util/edit-distance.ts';
import { unreachable } from '../../util/unreachable.ts';
import type { ExitCodeText } from '../exit-codes.ts';
import { formatTable } from './table.ts';

export type Explanation =
  | { readonly type: 'all-codes'; readonly codes: readonly NamedCode[] }
  | { readonly type: 'code'; readonly code: string; readonly info: DiagnosticCodeInfo }
  | { readonly type: 'exit-codes'; readonly codes: readonly ExitCodeText[] };

interface NamedCode {
  readonly code: string;
  readonly info: DiagnosticCodeInfo;
}

export function formatExplanation(explanation: Explanation): string {
  switch (explanation.type) {
    case 'all-codes':
      return [
        ...formatTable(explanation.codes.map(({ code, info }) => [code, info.title])),
        '',
        'More of one: eco explain CODE. What eco exits with: eco explain exit-codes.',
      ].join('\n');
    case 'code':
      return formatCode(explanation.code, explanation.info);
    case 'exit-codes':
      return explanation.codes
        .map(({ code, meaning, explanation }) => `${String(code).padStart(3)}  ${meaning}\n     ${explanation}`)
        .join('\n');
    default:
      return unreachable(explanation);
  }
}

function formatCode(code: string, { title, cause, cure, example }: DiagnosticCodeInfo): string {
  const lines = example.split('\n').map((line) => `  ${line}`.trimEnd());
  return [`${code}: ${title}`, '', cause, '', cure, '', 'Example:', ...lines].join('\n');
}

/** What `explain --json` prints. */
export function explanationDocument(explanation: Explanation) {
  switch (explanation.type) {
    case 'all-codes':
      return { format_version: '1.0', codes: explanation.codes.map(({ code, info }) => ({ code, ...info })) };
    case 'code':
      return { format_version: '1.0', codes: [{ code: explanation.code, ...explanation.info }] };
    case 'exit-codes':
      return { format_version: '1.0', exit_codes: explanation.codes };
    default:
      return unreachable(explanation);
  }
}

export function formatUnknownCode(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const suggestion = near === undefined ? '' : ` Did you mean ${near}?`;
  return `There is no code ${JSON.stringify(word)}.${suggestion} \`eco explain\` lists them all.`;
}
