/** Something to say about an ecosystem file, at a place in it. Lines and columns count from 1, in UTF-16 code units. */
export interface Diagnostic {
  /** `ECO1203`; `eco explain` tells cause and cure. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** What to do about it, if the message does not already say so. */
  readonly hint: string | null;
  readonly location: Location;
  /** Other places that matter, such as the first of two apps of one name. */
  readonly related: readonly RelatedLocation[];
}

export interface Location {
  /** Absolute path. */
  readonly file: string;
  /** null where no place in the file is known: the file itself is missing, say. */
  readonly range: Range | null;
  /** The place within the value, such as `apps[0].instances`; empty for the whole file. */
  readonly path: string;
  /** The text of the line before `range` and of its first line, for a code frame; empty where the file is not text. */
  readonly frame: readonly FrameLine[];
}

export interface FrameLine {
  readonly number: number;
  readonly text: string;
}

export interface Range {
  readonly start: Position;
  /** Exclusive. */
  readonly end: Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface RelatedLocation {
  readonly message: string;
  readonly location: Location;
}
