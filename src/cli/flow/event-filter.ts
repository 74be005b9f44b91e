import type { RecordedEvent } from '../../domain/event.ts';
import { parseWorkerId, type AppName, type ProjectName } from '../../domain/names.ts';
import { matchesGlob } from '../targets.ts';

/** Whom an event is about; null: the daemon itself. Without an app: the project as a whole. */
interface Subject {
  readonly project: ProjectName;
  readonly app: AppName | null;
  readonly instance: number | null;
}

export interface EventFilter {
  /** Names, `name:instance`, globs or `all`; also of apps that are gone. None: everything. */
  readonly words: readonly string[];
  readonly project: ProjectName | null;
  /** The apps of each word that is a namespace. */
  readonly namespaces: ReadonlyMap<string, readonly AppName[]>;
}

export function concerns(event: RecordedEvent, { words, project, namespaces }: EventFilter): boolean {
  const subject = subjectOf(event);
  if (project !== null && subject?.project !== project) return false;
  if (words.length === 0) return true;
  if (subject === null || subject.app === null) return false;
  const { app, instance } = subject;
  return words.some(
    (word) =>
      word === 'all' ||
      word === app ||
      matchesGlob(word, app) ||
      (instance !== null && word === `${app}:${instance}`) ||
      namespaces.get(word)?.includes(app) === true,
  );
}

export function subjectOf(event: RecordedEvent): Subject | null {
  if ('worker' in event) return parseWorkerId(event.worker);
  if ('app' in event) return { project: event.project, app: event.app, instance: null };
  return 'project' in event ? { project: event.project, app: null, instance: null } : null;
}
