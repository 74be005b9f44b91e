import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { loadFile, type FileOptions } from '../flow/load-file.ts';
import { renderAnnotations, renderDiagnostics, say, writeJson } from '../render/console.ts';
import { formatValid, validationDocument } from '../render/validation-text.ts';

/** Checks a file without a daemon and without looking at the code of its apps. */
export async function validate(context: CliContext, options: FileOptions): Promise<ExitCode> {
  const { console } = context;
  const loaded = await loadFile(context, options, 'skip');
  if (!loaded.ok) return fail(context, loaded.error);
  const { desired, warnings } = loaded.value;
  if (console.json) {
    writeJson(console, await validationDocument({ file: desired.file, diagnostics: warnings }));
    await renderAnnotations(console, warnings);
    return 0;
  }
  await renderDiagnostics(console, warnings);
  say(console, formatValid(desired, warnings));
  return 0;
}
