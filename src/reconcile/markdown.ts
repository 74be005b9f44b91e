import { printable } from './printable.ts';

/** GitHub and GitLab refuse longer comments (65 536 and 1 000 000 characters); what is around it needs room as well. */
export const LONGEST_MARKDOWN = 60_000;

/** Names and values are text, whatever they look like. A mention would send mail to a stranger. */
export function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '&#64;')
    .replace(/[\\`*_[\]|~#]/g, String.raw`\$&`);
}

/** The fence is longer than any row of backticks within it (https://spec.commonmark.org/0.31.2/#fenced-code-blocks). */
export function fenced(lines: readonly string[], language: 'diff' | 'text'): string {
  const rows = [...lines.join('\n').matchAll(/`+/g)].map(([ticks]) => ticks.length);
  const fence = '`'.repeat(Math.max(2, ...rows) + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}

/** `summary` is what is seen of it, escaped already. */
export function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}
