import { byName } from '../util/compare.ts';
import { isAnothers, NO_ORIGIN } from '../domain/desired-state.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { ProjectName } from '../domain/names.ts';
import type { DeletedApp, ObservedApp, ObservedProject } from '../domain/observed-state.ts';
import type { ClaimAnswer, ClaimRequest } from '../protocol/control.ts';
import type { ProjectDocument } from './store.ts';

export interface ProjectPorts {
  readonly save: (document: ProjectDocument) => void;
  readonly newLineage: () => string;
}

/** Who owns which apps. A project is owned by the origin that last claimed it, for as long as it has apps. */
export class Projects {
  readonly #documents: Map<ProjectName, ProjectDocument>;
  readonly #ports: ProjectPorts;

  constructor(documents: readonly ProjectDocument[], ports: ProjectPorts) {
    this.#documents = new Map(documents.map((document) => [document.name, document]));
    this.#ports = ports;
    for (const document of documents) if (document.lineage === undefined) this.#keep(document);
  }

  claim({ project, origin, file, takeOwnership }: ClaimRequest, hasApps: boolean): Result<ClaimAnswer> {
    const known = this.#documents.get(project);
    if (known !== undefined && hasApps && !takeOwnership && isAnothers(known.origin, origin)) {
      return err({ reason: 'owned-by-another-origin', project, owner: known.origin, claimant: origin });
    }
    const serial = (known?.serial ?? 0) + 1;
    this.#keep({ ...known, name: project, origin, file, serial, deletedApps: [] });
    return ok({ serial });
  }

  /** A plan that was made before is not one of what there is now. An app that was applied and is deleted is kept in mind. */
  changedByHand(project: ProjectName, deleted: DeletedApp | null = null): void {
    const known = this.#documents.get(project);
    if (known === undefined) return;
    const others = (known.deletedApps ?? []).filter(({ name }) => name !== deleted?.name);
    const deletedApps = deleted === null ? others : [...others, deleted].sort(byName);
    this.#keep({ ...known, serial: known.serial + 1, deletedApps });
  }

  /** Sorted by name; apps whose project was never claimed are shown as one of an unknown file. */
  observe(apps: readonly ObservedApp[], project?: ProjectName): readonly ObservedProject[] {
    const names = new Set([...this.#documents.keys(), ...apps.map((app) => app.project)]);
    return [...names]
      .filter((name) => project === undefined || name === project)
      .map((name) => this.#observed(name, apps))
      .sort(byName);
  }

  /** What was deleted and is there again was not deleted in the end. */
  #observed(name: ProjectName, all: readonly ObservedApp[]): ObservedProject {
    const { deletedApps = [], ...document } = this.#documentOf(name);
    const apps = all.filter((app) => app.project === name);
    return {
      ...document,
      deletedApps: deletedApps.filter((gone) => !apps.some((app) => app.name === gone.name)),
      apps,
    };
  }

  #keep(document: ProjectDocument): void {
    const kept = { ...document, lineage: document.lineage ?? this.#ports.newLineage() };
    this.#documents.set(kept.name, kept);
    this.#ports.save(kept);
  }

  #documentOf(name: ProjectName): ProjectDocument {
    return this.#documents.get(name) ?? { name, origin: NO_ORIGIN, file: '', serial: 0 };
  }
}
