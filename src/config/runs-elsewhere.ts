import { formatHost } from '../domain/host.ts';
import { isSameHost } from '../domain/host-group.ts';
import { err, type Result } from '../domain/result.ts';
import type { Where } from './load-ecosystem.ts';
import { hasErrors, invalid, type ReadEcosystem } from './read-ecosystem.ts';

/** Why a file is not for the machine that is meant; null: it is, or says nothing of machines. Errors come first. */
export function runsElsewhere(read: ReadEcosystem, where: Where | undefined): Result<never> | null {
  const { file, project, hosts, apps, report } = read;
  const failure = (asked: string | null): Result<never> => {
    if (hasErrors(read)) return invalid(report.diagnostics());
    return err({
      reason: 'runs-elsewhere',
      file,
      project,
      groups: hosts,
      apps: apps.length,
      asked,
      warnings: report.diagnostics(),
    });
  };
  if (where?.type === 'anywhere') return null;
  if (where?.type === 'group') {
    const groups = where.name === 'all' ? hosts : hosts.filter(({ name }) => name === where.name);
    if (groups.length === 0) return failure(where.name);
    return runsElsewhere({ ...read, hosts: groups }, undefined);
  }
  if (hosts.length === 0) return null;
  if (where === undefined) return failure(null);
  const isNamed = hosts.some(({ hosts: members }) => members.some((member) => isSameHost(member, where.host)));
  return isNamed ? null : failure(formatHost(where.host));
}
