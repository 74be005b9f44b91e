import type { Failure } from '../../domain/failure.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { annotateFailure, renderAnnotations, renderFailure, writeJson } from '../render/console.ts';

/** Says what went wrong, and gives the exit code for it. With `--json`, what is wrong with a file is a document on stdout. */
export async function fail({ console }: Pick<CliContext, 'console'>, failure: Failure): Promise<ExitCode> {
  if (console.json && failure.reason === 'config-invalid') {
    const { validationDocument } = await import('../render/validation-text.ts');
    writeJson(console, await validationDocument({ file: null, diagnostics: failure.diagnostics }));
    await renderAnnotations(console, failure.diagnostics);
  } else await renderFailure(console, failure);
  await annotateFailure(console, failure);
  const { exitCodeOf } = await import('../exit-codes.ts');
  return exitCodeOf(failure);
}
