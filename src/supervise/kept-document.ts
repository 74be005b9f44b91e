import type { Failure } from '../domain/failure.ts';
import type { ClusterDocument } from './cluster-document.ts';
import { changedDocument } from './document-changes.ts';

export interface DocumentPort {
  /** At once, or as soon as it can be written. */
  readonly save: (document: ClusterDocument) => void;
  /** At once, or not at all; null if it was written. */
  readonly saveNow: (document: ClusterDocument) => StoreFailure | null;
}

type StoreFailure = Extract<Failure, { reason: 'store-failed' }>;

/** How many start numbers are reserved by one write of the document. */
const START_NUMBER_BLOCK = 16;

/** The document of one app, and its copy on disk. */
export class KeptDocument {
  readonly #port: DocumentPort;
  #document: ClusterDocument;
  #nextStartNumber: number;

  constructor(document: ClusterDocument, port: DocumentPort) {
    this.#document = document;
    this.#port = port;
    this.#nextStartNumber = document.startNumbers;
  }

  get now(): ClusterDocument {
    return this.#document;
  }

  change(change: Partial<ClusterDocument>): void {
    this.#document = changedDocument(this.#document, change);
    this.#port.save(this.#document);
  }

  /** Not at all where it cannot be written: what is about to be done would be unknown to the next daemon. */
  begin(change: Partial<ClusterDocument>, starts: number): StoreFailure | null {
    const needed = starts === 0 ? 0 : this.#nextStartNumber + starts + START_NUMBER_BLOCK;
    const startNumbers = Math.max(this.#document.startNumbers, needed);
    const document = changedDocument(this.#document, { ...change, startNumbers });
    const refused = this.#port.saveNow(document);
    if (refused === null) this.#document = document;
    return refused;
  }

  /** One that no process of the app has had, nor will have. */
  takeStartNumber(): number {
    const number = this.#nextStartNumber;
    this.#nextStartNumber += 1;
    if (number >= this.#document.startNumbers) this.change({ startNumbers: number + START_NUMBER_BLOCK });
    return number;
  }
}
