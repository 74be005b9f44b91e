import { resolve } from 'node:path';
import type { AppSpec, SecretSource } from '../domain/app-spec.ts';
import { fileKind, isReadableByOthers } from '../platform/files.ts';
import { byCodeUnit } from '../util/compare.ts';
import { expandHome } from './find-file.ts';
import type { MergedApp } from './merge.ts';
import { readText } from './option-values.ts';
import type { Part } from './read-form.ts';
import type { Report } from './report.ts';
import { isRecord } from './source.ts';

/** Where each secret is; none of them is read. Sorted by name. */
export function readSecrets({ secrets: written, env }: MergedApp, report: Report): AppSpec['secrets'] {
  const secrets = [...written].flatMap(([name, place]): [string, SecretSource][] => {
    if (env.has(name)) {
      const message = `"${name}" is in "env" and in "secrets"; the secret counts`;
      report.warning('ECO1932', env.get(name)?.path ?? place.path, { message, part: 'key' });
    }
    const source = readSource(place, report);
    return source === null ? [] : [[name, source]];
  });
  return Object.fromEntries(secrets.sort(([a], [b]) => byCodeUnit(a, b)));
}

/** null: it has been reported. */
function readSource({ value, path }: Part, report: Report): SecretSource | null {
  if (!isRecord(value)) return null;
  const [file, name, command] = [readText(value['file']), readText(value['env']), readText(value['command'])];
  if (name !== undefined) return { type: 'env', name };
  if (command !== undefined) return { type: 'command', command };
  if (file === undefined) return null;
  const absolute = resolve(report.folderOf(path), expandHome(file));
  const place = [...path, 'file'];
  const kind = fileKind(absolute);
  if (kind === 'missing') report.error('ECO1417', place, { message: `the file ${absolute} does not exist` });
  else if (kind === 'folder') report.error('ECO1417', place, { message: `${absolute} is a folder` });
  else if (isReadableByOthers(absolute)) {
    const message = `every user of this machine may read ${absolute}`;
    report.warning('ECO1931', place, { message, hint: `chmod o-rwx ${absolute}` });
  }
  return { type: 'file', path: absolute };
}
