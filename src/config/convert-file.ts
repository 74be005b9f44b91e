import { dirname } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { convertBlock } from './convert-block.ts';
import type { Draft } from './draft.ts';
import { extendedBlocks } from './extends.ts';
import { findFile } from './find-file.ts';
import { defaultProject } from './identify-project.ts';
import { meaningChanges, type MeaningChange } from './meaning-changes.ts';
import { mergeApp } from './merge.ts';
import { reportNoScript } from './normalize.ts';
import { parseSource } from './parse-source.ts';
import { readForm } from './read-form.ts';
import { readKeys, type KeyedEcosystem, type OptionBlock } from './read-keys.ts';
import { createReport, type Report } from './report.ts';
import { validateValues } from './validate.ts';

export interface ConvertRequest {
  readonly file: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Converted {
  /** What was read; absolute. */
  readonly from: string;
  readonly draft: Draft;
  readonly changes: readonly MeaningChange[];
  /** What PM2 knows and eco leaves out, and what neither knows. */
  readonly warnings: readonly Diagnostic[];
}

/** What is meant by a file in any form, as eco would have it written. The file is not checked against this machine. */
export async function convertFile(request: ConvertRequest): Promise<Result<Converted, readonly Diagnostic[]>> {
  const { environment } = request;
  const found = await findFile(request.file, request.cwd);
  if (!found.ok) return err([found.error]);
  const parsed = await parseSource(found.value, { environment, onRead: () => {} });
  if (!parsed.ok) return err([parsed.error]);
  const report = createReport(parsed.value);
  // References stay as they are written: they are the same in the new file.
  const form = readForm(parsed.value, report);
  if (form === null) return err(report.diagnostics());
  const keyed = readKeys(form, parsed.value, report);
  const isProgram = parsed.value.positions === null;
  const hasReferences = !isProgram && parsed.value.text.includes('${');
  if (!hasReferences) validateValues(keyed, report);
  // Those of `static` stay there.
  const written = keyed.apps.filter(({ path }) => path.at(-2) !== 'static');
  for (const app of written) checkScript(app, keyed, report);
  const diagnostics = report.diagnostics();
  if (diagnostics.some(({ severity }) => severity === 'error')) return err(diagnostics);
  const folder = dirname(found.value);
  const converter = { folder, environment: isProgram ? environment : {} };
  const apps = written.map((app) => convertBlock(app, converter));
  const top = form.top?.value ?? {};
  const draft: Draft = {
    project: typeof keyed.project?.value === 'string' ? keyed.project.value : defaultProject(folder),
    include: top['include'],
    hosts: top['hosts'],
    static: top['static'],
    defaults: keyed.defaults === null ? null : convertBlock(keyed.defaults, converter).options,
    apps: apps.map(({ options }) => options),
    deploy: top['deploy'],
    interpolated: hasReferences,
  };
  const passed = [...new Set(apps.flatMap(({ passed }) => passed))].sort();
  const changes: readonly MeaningChange[] = [
    ...(isProgram ? [{ type: 'evaluated' } as const] : []),
    ...(passed.length === 0 ? [] : [{ type: 'passed-on' as const, names: passed }]),
    ...leftOut(diagnostics),
    ...meaningChanges(draft.apps, draft.deploy),
  ];
  return ok({ from: found.value, draft, changes, warnings: diagnostics });
}

/** Of nothing that can be run, nothing can be written. */
function checkScript(app: OptionBlock, { apps, defaults }: KeyedEcosystem, report: Report): void {
  const extended = extendedBlocks(app, apps, report);
  if (extended === null) return;
  const merged = mergeApp(app, [...(defaults === null ? [] : [defaults]), ...extended], { envName: undefined });
  if (!merged.options.has('script')) reportNoScript(merged, report);
}

/** Keys that are known to nobody, each once. */
function leftOut(diagnostics: readonly Diagnostic[]): readonly MeaningChange[] {
  const keys = diagnostics.flatMap(({ code, location: { path } }) =>
    code === 'ECO1203' || code === 'ECO1204' ? (/[^.\]]+$/.exec(path ?? '')?.[0] ?? []) : [],
  );
  return keys.length === 0 ? [] : [{ type: 'left-out', keys: [...new Set(keys)] }];
}
