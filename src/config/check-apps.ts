import { nearest } from '../util/edit-distance.ts';
import { appName } from './app-name.ts';
import type { OptionBlock } from './read-keys.ts';
import type { NormalizedApp } from './normalize.ts';
import type { Report } from './report.ts';
import type { SourcePath } from './source.ts';

/** What can only be seen with all apps side by side. `broken` names apps that have errors of their own: they do exist. */
export function checkApps(apps: readonly NormalizedApp[], broken: readonly string[], report: Report): void {
  checkNames(apps, report);
  checkDependencies(apps, broken, report);
  checkCycles(apps, report);
  checkPorts(apps, report);
}

/** The name of a block that could not be normalised, so that what depends on it is not reported as well. */
export function nameOfBlock(block: OptionBlock): readonly string[] {
  const name = appName(block);
  return name === null ? [] : [name];
}

function checkNames(apps: readonly NormalizedApp[], report: Report): void {
  const first = new Map<string, SourcePath>();
  for (const { spec, path } of apps) {
    const earlier = first.get(spec.name);
    if (earlier === undefined) {
      first.set(spec.name, path);
      continue;
    }
    const related = {
      message: `the first app named "${spec.name}" is here`,
      location: report.locate([...earlier, 'name'], 'value'),
    };
    report.error('ECO1406', [...path, 'name'], {
      message: `a second app is named "${spec.name}"; names are unique within a project`,
      related: [related],
    });
  }
}

/** That a program listens where PORT says is only a custom, so that this is a warning. */
function checkPorts(apps: readonly NormalizedApp[], report: Report): void {
  const first = new Map<string, { readonly name: string; readonly portPath: SourcePath }>();
  for (const { spec, portPath } of apps) {
    const { PORT: port = '', HOST: host = '' } = spec.env;
    if (portPath === null || spec.kind !== 'service' || !/^[1-9]\d*$/.test(port)) continue;
    const key = `${host} ${port}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, { name: spec.name, portPath });
      continue;
    }
    const location = report.locate(earlier.portPath, 'value');
    report.warning('ECO1910', portPath, {
      message: `"${spec.name}" and "${earlier.name}" are told the same port, ${port}; only one of them can listen on it`,
      related: [{ message: `"${earlier.name}" has it from here`, location }],
    });
  }
}

function checkDependencies(apps: readonly NormalizedApp[], broken: readonly string[], report: Report): void {
  const kinds = new Map(apps.map(({ spec }) => [spec.name, spec.kind]));
  const names = [...kinds.keys(), ...broken];
  for (const { spec, dependencyPaths } of apps) {
    for (const [name, path] of dependencyPaths) {
      if (!names.includes(name)) {
        const meant = nearest(name, names);
        const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
        report.error('ECO1407', path, {
          message: `"${spec.name}" depends on "${name}", which is no app of this file${question}`,
          part: 'key',
        });
      }
      if (spec.dependsOn[name] === 'completed' && kinds.get(name) === 'service') {
        report.error('ECO1409', path, {
          message: `"${name}" is a service: it never completes`,
          hint: `write "kind: task" in "${name}", or wait until it is ready`,
        });
      }
    }
  }
}

/** Each cycle is told once, at its app that comes first in the file. */
function checkCycles(apps: readonly NormalizedApp[], report: Report): void {
  const byName = new Map(apps.map((app) => [app.spec.name, app]));
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) return reportCycle(byName, trail.slice(start), report);
    if (done.has(name)) return;
    for (const next of byName.get(name)?.dependencyPaths.keys() ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const { spec } of apps) visit(spec.name, []);
}

function reportCycle(apps: ReadonlyMap<string, NormalizedApp>, cycle: readonly string[], report: Report): void {
  const [first = '', second = first] = cycle;
  const app = apps.get(first);
  if (app === undefined) return;
  const round = [...cycle, first].map((name) => `"${name}"`).join(' → ');
  const message =
    cycle.length === 1 ? `"${first}" depends on itself` : `the apps depend on each other in a circle: ${round}`;
  report.error('ECO1408', app.dependencyPaths.get(second) ?? app.path, { message, part: 'key' });
}
