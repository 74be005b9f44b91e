import type { ClusterDocument } from './cluster-document.ts';
import type { DocumentPort } from './kept-document.ts';
import type { WorkerPorts } from './ports.ts';

export interface ClusterOptions {
  readonly document: ClusterDocument;
  readonly ports: WorkerPorts;
  readonly documents: DocumentPort;
  /** Something about its workers may have changed. */
  readonly onChange?: () => void;
}
