import { readFileSync } from 'node:fs';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Of this process; undefined where users have no numbers. */
export function ownUser(): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** By its name or its number (https://man7.org/linux/man-pages/man5/passwd.5.html); undefined if there is none. */
export function findUser(who: string | number): SystemUser | undefined {
  const users = rowsOf('/etc/passwd').map(([name = '', , uid, gid, , home = '']) => {
    return { name, uid: Number(uid), gid: Number(gid), home };
  });
  return users.find(({ name, uid }) => name === who || uid === who);
}

/** The number of a group of that name; undefined if there is none. */
export function findGroup(name: string): number | undefined {
  const row = rowsOf('/etc/group').find(([own]) => own === name);
  return row === undefined ? undefined : Number(row[2]);
}

function rowsOf(file: string): readonly (readonly string[])[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
