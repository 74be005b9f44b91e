import { dirname } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { isSameHost } from '../domain/host-group.ts';
import { ok, type Result } from '../domain/result.ts';
import { homeFolder } from '../platform/files.ts';
import { givenFile, placeKey, type GivenEcosystem, type GivenEnv } from './given-ecosystem.ts';
import { identifyOrigin } from './identify-project.ts';
import type { LoadOptions, Where } from './load-ecosystem.ts';
import type { MergedApp } from './merge.ts';
import { readEnv } from './read-env.ts';
import { hostsOf } from './read-hosts.ts';
import { hasErrors, invalid, type ReadEcosystem } from './read-ecosystem.ts';
import { readHere } from './read-here.ts';

export interface GatheredEcosystem {
  readonly given: GivenEcosystem;
  readonly warnings: readonly Diagnostic[];
}

/** An ecosystem file for another machine, as far as this one can tell: `loadGiven` goes on with it there. */
export async function gatherEcosystem(options: LoadOptions): Promise<Result<GatheredEcosystem>> {
  const read = await readHere(options);
  if (!read.ok) return read;
  const { environment, onRead = () => {} } = options;
  const { file, files, project, report } = read.value;
  const envs = envsOf(read.value, { environment, onRead, where: options.where });
  if (hasErrors(read.value)) return invalid(report.diagnostics());
  const origin = await identifyOrigin(dirname(file));
  const given: GivenEcosystem = {
    files: files.map(({ document }) => givenFile(document)),
    homeFolder: homeFolder(),
    project,
    origin: origin.type === 'git' ? origin : null,
    envs,
  };
  return ok({ given, warnings: report.diagnostics() });
}

interface Surroundings extends Pick<Required<LoadOptions>, 'environment' | 'onRead'> {
  readonly where: Where | undefined;
}

/** Of the apps that the machine shall run. */
function envsOf(read: ReadEcosystem, { where, ...surroundings }: Surroundings): Readonly<Record<string, GivenEnv>> {
  const { apps, hosts, report } = read;
  const isMeant = (app: MergedApp): boolean =>
    hosts.length === 0 || where?.type !== 'host' || hostsOf(app, hosts).some((host) => isSameHost(host, where.host));
  const envs = apps.flatMap(({ merged }): readonly [string, GivenEnv][] => {
    if (merged === null || !isMeant(merged)) return [];
    refuseWholeEnvironment(merged, report);
    const { env, fromFiles } = readEnv(merged, { ...surroundings, report });
    return [[placeKey(merged.path), { env, fromFiles: [...fromFiles] }]];
  });
  return Object.fromEntries(envs);
}

/** PATH and HOME of this machine would be wrong on any other. */
function refuseWholeEnvironment({ options }: MergedApp, report: ReadEcosystem['report']): void {
  const passEnv = options.get('pass_env');
  if (passEnv?.value !== true) return;
  report.error('ECO1419', passEnv.path, {
    message: '"pass_env: true" would give the apps the whole environment of this machine, and they run on another',
    hint: 'name the variables that are meant: pass_env: [API_TOKEN, "APP_*"]',
  });
}
