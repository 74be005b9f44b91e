import { nearest } from '../util/edit-distance.ts';
import { OPTION_SPELLINGS, optionNamed } from './app-options.ts';
import type { MergedApp } from './merge.ts';
import { listOf } from './read-env.ts';
import type { Report } from './report.ts';

/** The names of options, and `env.NAME` for one variable; sorted. `revision` is what the code of the app is identified by. */
export function readIgnoreChanges({ options }: MergedApp, report: Report): readonly string[] {
  const part = options.get('ignore_changes');
  const keys = listOf(part?.value).flatMap((key, index): readonly string[] => {
    if (/^env\../.test(key)) return [key];
    const name = key === 'code' ? 'revision' : optionNamed(key);
    if (name !== undefined) return [name === 'revision' ? 'code' : name];
    const meant = nearest(key, OPTION_SPELLINGS);
    const path = part === undefined ? [] : Array.isArray(part.value) ? [...part.path, index] : part.path;
    report.error('ECO1314', path, {
      message: `"${key}" is no option${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      hint: 'name options, such as instances, or variables, such as env.LOG_LEVEL',
    });
    return [];
  });
  return [...new Set(keys)].sort();
}
