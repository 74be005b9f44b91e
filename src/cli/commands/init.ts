import { basename, dirname, resolve } from 'node:path';
import { convertDump } from '../../config/convert-dump.ts';
import { convertFile } from '../../config/convert-file.ts';
import { formatDraft, type Draft } from '../../config/draft.ts';
import { SEARCH_PLACES } from '../../config/find-file.ts';
import type { MeaningChange } from '../../config/meaning-changes.ts';
import { proposeFile } from '../../config/propose-file.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { fail } from '../flow/fail.ts';
import { renderDiagnostics, say, writeJson } from '../render/console.ts';
import {
  formatConverted,
  formatInitProblem,
  formatProposal,
  formatProposed,
  initDocument,
  type InitProblem,
} from '../render/init-text.ts';

export interface InitOptions {
  /** A file, or `pm2` for what the running PM2 saved; absent: a new file. */
  readonly from?: string;
  readonly output?: string;
  /** Writes over a file that is there. */
  readonly force?: boolean;
  /** Writes to stdout instead. */
  readonly print?: boolean;
}

/** Writes an ecosystem file, and asks nothing. Nothing else is changed, and nothing is started. */
export async function init(context: CliContext, options: InitOptions): Promise<ExitCode> {
  if (options.from === undefined) return initNew(context, options);
  if (options.from === 'pm2' && context.fileKind(resolve(context.cwd, 'pm2')) !== 'file')
    return initFromDump(context, options);
  return initFromFile(context, { ...options, from: options.from });
}

async function initNew(context: CliContext, options: InitOptions): Promise<ExitCode> {
  const { console, cwd } = context;
  const isThere = (place: string): boolean => context.fileKind(resolve(cwd, place)) === 'file';
  const found = SEARCH_PLACES.find((place) => place !== 'package.json' && isThere(place));
  if (found !== undefined && options.output === undefined && options.force !== true && options.print !== true)
    return refuse(context, { type: 'file-found', file: found });
  const proposal = proposeFile(cwd);
  const file = resolve(cwd, options.output ?? 'ecosystem.yaml');
  const text = formatProposal(proposal, { schema: schemaIn(context, cwd) });
  const problem = write(context, { file, text, options });
  if (problem !== null) return refuse(context, problem);
  if (console.json)
    writeJson(
      console,
      initDocument({ file, from: null, apps: [proposal.app], changes: [], text: printed(text, options) }),
    );
  else if (options.print === true) console.out(text);
  else say(console, formatProposed(proposal, { file, cwd }));
  return EXIT.success;
}

async function initFromFile(context: CliContext, options: InitOptions & { readonly from: string }): Promise<ExitCode> {
  const { cwd, environment } = context;
  const converted = await convertFile({ file: options.from, cwd, environment });
  if (!converted.ok) return fail(context, { reason: 'config-invalid', diagnostics: converted.error });
  return finish(context, { ...converted.value, options, folder: dirname(converted.value.from), fromPm2: false });
}

async function initFromDump(context: CliContext, options: InitOptions): Promise<ExitCode> {
  const { cwd, environment } = context;
  const file = resolve(cwd, options.output ?? 'ecosystem.yaml');
  const converted = convertDump({ folder: dirname(file), environment });
  if (!converted.ok) return refuse(context, { type: 'no-dump', ...converted.error });
  return finish(context, { ...converted.value, options, folder: cwd, warnings: [], fromPm2: true });
}

interface Finish {
  readonly from: string;
  readonly draft: Draft;
  readonly changes: readonly MeaningChange[];
  readonly warnings: readonly Diagnostic[];
  readonly options: InitOptions;
  readonly folder: string;
  readonly fromPm2: boolean;
}

async function finish(context: CliContext, converted: Finish): Promise<ExitCode> {
  const { console, cwd } = context;
  const { from, draft, changes, warnings, options, folder, fromPm2 } = converted;
  const file = options.output === undefined ? resolve(folder, 'ecosystem.yaml') : resolve(cwd, options.output);
  const about = `Made by eco init from ${fromPm2 ? "PM2's dump" : from.split('/').at(-1)}.`;
  const text = await formatDraft(draft, { about, schema: schemaIn(context, folder) });
  const problem = write(context, { file, text, options });
  if (problem !== null) return refuse(context, problem);
  const apps = draft.apps.map((app) => String(app.get('name') ?? app.get('script')));
  if (console.json) {
    writeJson(console, initDocument({ file, from, apps, changes, text: printed(text, options) }));
    return EXIT.success;
  }
  if (options.print === true) console.out(text);
  await renderDiagnostics(console, warnings);
  if (!console.quiet) {
    const written = options.print === true ? null : file;
    const read = replaced(file, from) ? from : null;
    console.err(`${formatConverted({ file: written, from: read, cwd, apps, changes, fromPm2 })}\n`);
  }
  return EXIT.success;
}

/** Whether eco, looking for a file of this folder, finds the new one where it found the other. */
function replaced(file: string, from: string): boolean {
  const [to, before] = [file, from].map((path) => SEARCH_PLACES.indexOf(basename(path)));
  return dirname(file) === dirname(from) && to !== undefined && before !== undefined && to >= 0 && to < before;
}

/** Where editors find the schema of a package that is installed beside the file. */
function schemaIn({ fileKind }: CliContext, folder: string): string | null {
  const path = './node_modules/eco-runner/schemas/ecosystem.schema.json';
  return fileKind(resolve(folder, path)) === 'file' ? path : null;
}

interface Write {
  readonly file: string;
  readonly text: string;
  readonly options: InitOptions;
}

function printed(text: string, { print }: InitOptions): string | null {
  return print === true ? text : null;
}

/** Nothing, where it is only to be printed. */
function write({ createFile }: CliContext, { file, text, options }: Write): InitProblem | null {
  if (options.print === true) return null;
  const created = createFile(file, text, { replace: options.force === true });
  return created === 'created' ? null : { type: created, file };
}

function refuse({ console, cwd }: CliContext, problem: InitProblem): ExitCode {
  console.err(`${formatInitProblem(problem, { cwd })}\n`);
  return problem.type === 'exists' || problem.type === 'file-found' ? EXIT.refused : EXIT.unclassified;
}
