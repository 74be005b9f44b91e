import { dirname } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { HostGroup } from '../domain/host-group.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { appName } from './app-name.ts';
import { extendedBlocks } from './extends.ts';
import { defaultProject } from './identify-project.ts';
import { mergeApp, type MergedApp } from './merge.ts';
import { readText } from './option-values.ts';
import { checkHosts, readHosts } from './read-hosts.ts';
import { readFiles, type EcosystemFile } from './read-files.ts';
import type { OptionBlock } from './read-keys.ts';
import { createReport, type Report } from './report.ts';
import type { SourceReader } from './source-reader.ts';

/** What the files say by themselves; what is wrong with them is in the report. */
export interface ReadEcosystem {
  /** Absolute. */
  readonly file: string;
  readonly files: readonly EcosystemFile[];
  readonly project: string;
  /** Of the first file. */
  readonly hosts: readonly HostGroup[];
  readonly report: Report;
  /** In the order of the files; null: something is wrong with it, and has been reported. */
  readonly apps: readonly { readonly block: OptionBlock; readonly merged: MergedApp | null }[];
}

export interface ReadOptions {
  readonly envName: string | undefined;
  /** Of the machine that the apps are for, by the folder of a file; the same where it is this one. */
  readonly folderFor?: (folder: string) => string;
  /** Absent: by the folder of the file. */
  readonly defaultProject?: string;
}

/** Parse, interpolate, check keys, check values, include and merge. */
export async function readEcosystem(
  file: string,
  reader: SourceReader,
  options: ReadOptions,
): Promise<Result<ReadEcosystem>> {
  const parsed = await reader.parse(file);
  if (!parsed.ok) return invalid([parsed.error]);
  const report = createReport(parsed.value, options);
  const files = await readFiles(parsed.value, { reader, report });
  const apps = mergeAll(files, options.envName, report);
  const [root] = files;
  const project = readText(root?.keyed.project?.value) ?? options.defaultProject ?? defaultProject(dirname(file));
  checkProjects(files, project, report);
  const hosts = readHosts(root?.keyed.hosts ?? null, report);
  const named = apps.flatMap(({ merged }) => (merged === null ? [] : [{ name: appName(merged) ?? '', merged }]));
  checkHosts(named, hosts, report);
  return ok({ file, files, project, hosts, report, apps });
}

export function invalid(diagnostics: readonly Diagnostic[]): Result<never> {
  return err({ reason: 'config-invalid', diagnostics });
}

export function hasErrors({ files, report }: ReadEcosystem): boolean {
  return files.length === 0 || report.diagnostics().some(({ severity }) => severity === 'error');
}

function mergeAll(files: readonly EcosystemFile[], envName: string | undefined, report: Report): ReadEcosystem['apps'] {
  checkEnvName(files, envName, report);
  const all = files.flatMap(({ keyed }) => keyed.apps);
  const wrong = new Set(files.flatMap((file) => [...file.wrong]));
  return files.flatMap(({ keyed, defaults }) =>
    keyed.apps.map((block) => {
      const extended = extendedBlocks(block, all, report);
      const beneath = [...defaults, ...(extended ?? [])];
      const sound = extended !== null && ![...beneath, block].some(({ path }) => wrong.has(path));
      return { block, merged: sound ? mergeApp(block, beneath, { envName }) : null };
    }),
  );
}

/** A name that no app knows is most often a slip: nothing would be merged, and nothing would say so. */
function checkEnvName(files: readonly EcosystemFile[], envName: string | undefined, report: Report): void {
  const blocks = files.flatMap(({ keyed, defaults }) => [...defaults, ...keyed.apps]);
  if (envName === undefined || files.every(({ keyed }) => keyed.apps.length === 0)) return;
  const known = new Set(blocks.flatMap(({ envBlocks }) => [...envBlocks.keys()]));
  if (known.has(envName)) return;
  const names = [...known].sort().map((name) => `"${name}"`);
  const hint = names.length === 0 ? undefined : `the file has ${names.join(', ')}`;
  report.warning('ECO1904', [], { message: `no app has an "env_${envName}" block`, hint });
}

/** Applied on its own, such a file would run the same apps a second time. */
function checkProjects([_root, ...included]: readonly EcosystemFile[], project: string, report: Report): void {
  for (const { keyed } of included) {
    if (keyed.project === null || keyed.project.value === project) continue;
    report.warning('ECO1911', keyed.project.path, {
      message: `this "project" is ignored: the apps of an included file belong to "${project}"`,
      hint: 'remove it, or the file would run its apps a second time where it is applied by itself',
    });
  }
  for (const { keyed } of included) {
    if (keyed.hosts === null) continue;
    report.warning('ECO1912', keyed.hosts.path, {
      message: 'these "hosts" are ignored: the first file says on which machines its apps run',
      part: 'key',
    });
  }
}
