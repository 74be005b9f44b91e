import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { hostsOf, lookOnHosts } from '../flow/on-hosts.ts';
import { renderAnnotations, renderDiagnostics, say, writeJson } from '../render/console.ts';
import { formatValid, formatValidElsewhere, validationDocument } from '../render/validation-text.ts';

/**
 * Checks a file without a daemon and without looking at the code of its apps. One that is for other machines is checked by itself,
 * unless they are asked for.
 */
export async function validate(context: CliContext, options: FileOptions): Promise<number> {
  const loaded = await loadFile(context, options, 'skip');
  const hosts = loaded.ok ? null : hostsOf(loaded.error);
  if (hosts !== null && context.hostGroup !== null)
    return lookOnHosts(context, hosts.hosts, (there) => validate(there, options));
  if (loaded.ok) {
    const { desired, warnings } = loaded.value;
    return show(context, { file: desired.file, warnings, text: formatValid(desired, warnings) });
  }
  const { error } = loaded;
  if (error.reason !== 'runs-elsewhere' || hosts === null) return fail(context, error);
  return show(context, { ...error, text: formatValidElsewhere(error, hosts.hosts) });
}

interface Valid {
  readonly file: string;
  readonly warnings: readonly Diagnostic[];
  readonly text: string;
}

async function show({ console }: CliContext, { file, warnings, text }: Valid): Promise<ExitCode> {
  if (console.json) {
    writeJson(console, await validationDocument({ file, diagnostics: warnings }));
    await renderAnnotations(console, warnings);
    return 0;
  }
  await renderDiagnostics(console, warnings);
  say(console, text);
  return 0;
}
