import type { ProgramUser } from '../domain/app-spec.ts';
import { findGroup, findUser, ownUser } from '../platform/users.ts';
import type { MergedApp } from './merge.ts';
import type { Part } from './read-form.ts';
import type { Report } from './report.ts';

/** null: the user who runs eco, or what is wrong has been reported. */
export function readUser({ options }: MergedApp, report: Report): ProgramUser | null {
  const [userPart, groupPart] = [options.get('uid'), options.get('gid')];
  const part = userPart ?? groupPart;
  const own = ownUser();
  if (part === undefined || own === undefined) return null;
  const user = findUser(numberOrName(userPart?.value ?? own.uid));
  const uid = user?.uid ?? numberOf(userPart?.value);
  if (uid === undefined) return fail(part, `no user "${String(part.value)}" is in /etc/passwd`, report);
  const gid = groupPart === undefined ? (user?.gid ?? uid) : groupOf(groupPart.value);
  if (gid === undefined)
    return fail(groupPart ?? part, `no group "${String(groupPart?.value)}" is in /etc/group`, report);
  if (uid === own.uid && gid === own.gid) return null;
  if (own.uid !== 0) return fail(part, 'only root can run a program as another user', report);
  return { uid, gid, name: user?.name ?? null, home: user?.home ?? null };
}

function fail(part: Part, message: string, report: Report): null {
  report.error('ECO1418', part.path, { message });
  return null;
}

function groupOf(value: unknown): number | undefined {
  return numberOf(value) ?? (typeof value === 'string' ? findGroup(value) : undefined);
}

function numberOrName(value: unknown): string | number {
  return numberOf(value) ?? String(value);
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}
