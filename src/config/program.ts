import { resolve } from 'node:path';
import type { Interpreter, ProgramUser } from '../domain/app-spec.ts';
import { fileKind } from '../platform/files.ts';
import type { DiagnosticCode } from './diagnostic-codes.ts';
import { expandHome } from './find-file.ts';
import type { ProgramPlace } from './find-program.ts';

export interface ProgramRequest extends ProgramPlace {
  readonly script: string;
  readonly args: readonly string[];
  /** null: by the script. */
  readonly interpreter: string | null;
  readonly interpreterArgs: readonly string[];
  readonly unwrap: boolean;
  /** The caller's. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder of the ecosystem file. */
  readonly folder: string;
}

/** What is run, and by what. */
export interface Program {
  readonly script: string;
  readonly args: readonly string[];
  readonly interpreter: Interpreter;
  readonly interpreterArgs: readonly string[];
  readonly pathPrefix: readonly string[];
  readonly unwrappedFrom: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly user: ProgramUser | null;
  /** The script is a command of the machine: its code is not in the working folder. */
  readonly foreign: boolean;
}

export interface ProgramProblem {
  readonly code: DiagnosticCode;
  readonly option: 'script' | 'interpreter';
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Relative paths are relative to the working folder. */
export function pathOf(path: string, { cwd }: ProgramPlace): string {
  return resolve(cwd, expandHome(path));
}

export function isFile(path: string): boolean {
  return fileKind(path) === 'file';
}
