import type { FlushedFile } from '../../protocol/control.ts';
import { formatBytes } from '../../reconcile/format-bytes.ts';

export function formatFlushed(files: readonly FlushedFile[]): string {
  const flushed = files.filter(({ bytes }) => bytes > 0);
  if (flushed.length === 0) return 'No logs to flush.';
  const bytes = flushed.reduce((sum, file) => sum + file.bytes, 0);
  const what = flushed.length === 1 ? '1 log' : `${flushed.length} logs`;
  return [`Flushed ${what}, ${formatBytes(bytes)}:`, ...flushed.map(({ file }) => `  ${file}`)].join('\n');
}
