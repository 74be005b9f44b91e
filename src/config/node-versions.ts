import { join } from 'node:path';
import { homeFolder, isExecutableFile, readFolder } from '../platform/files.ts';

export interface InstalledNode {
  /** `22.11.0` */
  readonly version: string;
  readonly path: string;
}

/** The newest installed Node whose version begins as `wanted` does (`22`, `v22.11`), and all that there are. */
export function findNode(
  wanted: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly found: InstalledNode | null; readonly installed: readonly InstalledNode[] } {
  const installed = installedNodes(environment).sort((a, b) => compareVersions(a.version, b.version));
  const parts = wanted.replace(/^v/, '').split('.');
  const fits = ({ version }: InstalledNode): boolean =>
    parts.every((part, index) => part === 'x' || part === version.split('.')[index]);
  return { found: installed.findLast(fits) ?? null, installed };
}

/** Where the managers of Node versions keep them, and the program within the folder of each version. */
function installedNodes(environment: Readonly<Record<string, string | undefined>>): InstalledNode[] {
  const home = environment['HOME'] ?? homeFolder();
  const data = environment['XDG_DATA_HOME'] ?? join(home, '.local/share');
  const places = [
    { folders: [environment['NVM_DIR'] ?? join(home, '.nvm')], versions: 'versions/node', program: 'bin/node' },
    {
      folders: [environment['FNM_DIR'] ?? join(data, 'fnm'), join(home, '.fnm')],
      versions: 'node-versions',
      program: 'installation/bin/node',
    },
    { folders: [environment['VOLTA_HOME'] ?? join(home, '.volta')], versions: 'tools/image/node', program: 'bin/node' },
    {
      folders: [environment['ASDF_DATA_DIR'] ?? join(home, '.asdf')],
      versions: 'installs/nodejs',
      program: 'bin/node',
    },
    { folders: [environment['MISE_DATA_DIR'] ?? join(data, 'mise')], versions: 'installs/node', program: 'bin/node' },
  ];
  return places.flatMap(({ folders, versions, program }) =>
    folders.flatMap((folder) =>
      readFolder(join(folder, versions)).flatMap(({ name }) => {
        const version = /^v?(\d+\.\d+\.\d+)$/.exec(name)?.[1];
        const path = join(folder, versions, name, program);
        return version !== undefined && isExecutableFile(path) ? [{ version, path }] : [];
      }),
    ),
  );
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return (
    [0, 1, 2].map((index) => (left?.[index] ?? 0) - (right?.[index] ?? 0)).find((difference) => difference !== 0) ?? 0
  );
}
