/** The name of an app, unique within its project. May hold blanks, dots and parentheses. */
export type AppName = string;

/** The owner of a set of apps: one ecosystem file is one project. */
export type ProjectName = string;

/** `<project>/<app>:<instance>#<start number>`: names one process of one app and never recurs. */
export type WorkerId = string;

export interface AppKey {
  readonly project: ProjectName;
  readonly app: AppName;
}

/** What an app is known by on this machine. JSON, because both names may hold any character. */
export function appId({ project, app }: AppKey): string {
  return JSON.stringify([project, app]);
}

export function workerId(key: AppKey, instance: number, startNumber: number): WorkerId {
  return `${plain(key.project)}/${key.app}:${instance}#${startNumber}`;
}

/** Whose process an id names; null if it is none. */
export function parseWorkerId(id: WorkerId): (AppKey & { readonly instance: number }) | null {
  const [, project, app, instance] = /^([^/]*)\/(.*):(\d+)#\d+$/s.exec(id) ?? [];
  if (project === undefined || app === undefined) return null;
  return { project: project.replaceAll('%2F', '/').replaceAll('%25', '%'), app, instance: Number(instance) };
}

/** Without the sign that ends it: `a` and `b/c` is another app than `a/b` and `c`. */
function plain(project: ProjectName): string {
  return project.replaceAll('%', '%25').replaceAll('/', '%2F');
}
