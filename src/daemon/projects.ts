import { byName } from '../util/compare.ts';
import { isAnothers, NO_ORIGIN } from '../domain/desired-state.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { ProjectName } from '../domain/names.ts';
import type { ObservedApp, ObservedProject } from '../domain/observed-state.ts';
import type { ClaimAnswer, ClaimRequest } from '../protocol/control.ts';
import type { ProjectDocument } from './store.ts';

/** Who owns which apps. A project is owned by the origin that last claimed it, for as long as it has apps. */
export class Projects {
  readonly #documents: Map<ProjectName, ProjectDocument>;
  readonly #save: (document: ProjectDocument) => void;

  constructor(documents: readonly ProjectDocument[], save: (document: ProjectDocument) => void) {
    this.#documents = new Map(documents.map((document) => [document.name, document]));
    this.#save = save;
  }

  claim({ project, origin, file, takeOwnership }: ClaimRequest, hasApps: boolean): Result<ClaimAnswer> {
    const known = this.#documents.get(project);
    if (known !== undefined && hasApps && !takeOwnership && isAnothers(known.origin, origin)) {
      return err({ reason: 'owned-by-another-origin', project, owner: known.origin, claimant: origin });
    }
    const document = { name: project, origin, file, serial: (known?.serial ?? 0) + 1 };
    this.#documents.set(project, document);
    this.#save(document);
    return ok({ serial: document.serial });
  }

  /** Sorted by name; apps whose project was never claimed are shown as one of an unknown file. */
  observe(apps: readonly ObservedApp[], project?: ProjectName): readonly ObservedProject[] {
    const names = new Set([...this.#documents.keys(), ...apps.map((app) => app.project)]);
    return [...names]
      .filter((name) => project === undefined || name === project)
      .map((name) => ({ ...this.#documentOf(name), apps: apps.filter((app) => app.project === name) }))
      .sort(byName);
  }

  #documentOf(name: ProjectName): ProjectDocument {
    return this.#documents.get(name) ?? { name, origin: NO_ORIGIN, file: '', serial: 0 };
  }
}
