import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Annotation } from './github-text.ts';

/** Where a command writes, and how. */
export interface Console {
  /** What was asked for. */
  readonly out: (text: string) => void;
  /** What a person should know besides. */
  readonly err: (text: string) => void;
  readonly colour: boolean;
  readonly columns: number;
  readonly rows: number;
  /** stdout is a terminal. */
  readonly isTTY: boolean;
  /** Lines may be drawn anew while something happens: a terminal, and no log of a CI job. */
  readonly animated: boolean;
  /** A person can be asked, and did not say `--json`. */
  readonly isInteractive: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Diagnostics and failures are wanted as workflow commands too, with files relative to this folder; null: they are not. */
  readonly annotations: string | null;
  /** Adds Markdown to the summary that the CI system shows of this job; null: it has none. */
  readonly summary: ((markdown: string) => void) | null;
  /** What is long is folded in the log of this job, in the way of GitLab's. */
  readonly sections: boolean;
  /** To the CI system itself, as it is; whatever else is written cannot be taken for a command to it. */
  readonly command: (text: string) => void;
  /** Paths are shown relative to it. */
  readonly cwd: string;
}

/** What was asked for, unless `--quiet` or `--json` say that it is not. */
export function say(console: Console, line: string): void {
  if (!console.quiet && !console.json) console.out(`${line}\n`);
}

/** What a person may want to know, besides the result. */
export function hint(console: Console, line: string): void {
  if (!console.quiet && !console.json) console.err(`${line}\n`);
}

/** What eco does behind the scenes, for `--verbose`. */
export function tell(console: Console, line: string): void {
  if (console.verbose) console.err(`${line}\n`);
}

export function writeJson(console: Console, document: unknown): void {
  console.out(`${JSON.stringify(document)}\n`);
}

/** A failure always shows, on stderr; the diagnostics within it each with their place. */
export async function renderFailure(console: Console, failure: Failure): Promise<void> {
  if (failure.reason === 'config-invalid') return renderDiagnostics(console, failure.diagnostics);
  const { formatFailure } = await import('./failure-text.ts');
  console.err(`${formatFailure(failure)}\n`);
}

export async function renderDiagnostics(console: Console, diagnostics: readonly Diagnostic[]): Promise<void> {
  if (diagnostics.length === 0) return;
  const { formatDiagnostic } = await import('./diagnostics.ts');
  for (const diagnostic of diagnostics) console.err(`${formatDiagnostic(diagnostic, { cwd: console.cwd })}\n\n`);
  await renderAnnotations(console, diagnostics);
}

/** A CI runner reads workflow commands from both streams. */
export async function renderAnnotations(console: Console, diagnostics: readonly Diagnostic[]): Promise<void> {
  if (console.annotations === null || diagnostics.length === 0) return;
  const { diagnosticAnnotation } = await import('./github-text.ts');
  await annotate(console, diagnostics.map(diagnosticAnnotation));
}

/** Beside what `renderFailure` shows: those within a file have been told as diagnostics. */
export async function annotateFailure(console: Console, failure: Failure): Promise<void> {
  if (console.annotations === null || failure.reason === 'config-invalid') return;
  const { failureAnnotation } = await import('./job-text.ts');
  await annotate(console, [failureAnnotation(failure, null)]);
}

export async function annotate(console: Console, annotations: readonly Annotation[]): Promise<void> {
  const { annotations: root } = console;
  if (root === null) return;
  const { formatAnnotation } = await import('./github-text.ts');
  for (const annotation of annotations) console.command(`${formatAnnotation(annotation, root)}\n`);
}
