import { runsAppInItsOwnNode } from '../domain/app-spec.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { isExecutableFile } from '../platform/files.ts';
import { nodeVersion, stripsTypes } from '../platform/machine.ts';
import { findBin, findInPath, hasPackage, pnpmCommand, programKind } from './find-program.ts';
import { findNode } from './node-versions.ts';
import { pathOf, type Program, type ProgramProblem, type ProgramRequest } from './program.ts';

/** A program of which only what runs it is not known. */
export type Base = Omit<Program, 'script' | 'interpreter'>;

/** The interpreter by the kind of the script. */
export function byKind(path: string, base: Base, request: ProgramRequest): Result<Program, ProgramProblem> {
  const kind = programKind(path);
  if (kind.type === 'node') return ok({ ...base, script: path, interpreter: { type: 'node' } });
  if (kind.type === 'executable') return executable(path, base, request);
  if (kind.type === 'interpreted') return byInterpreter({ ...base, script: path }, kind.by, request);
  return typescript({ ...base, script: path, interpreter: { type: 'node' } }, request);
}

/** Run as it is, unless it is a script of pnpm's that only starts Node. */
function executable(path: string, base: Base, request: ProgramRequest): Result<Program, ProgramProblem> {
  const command = request.unwrap && !runsAppInItsOwnNode(path) ? pnpmCommand(path) : null;
  if (command === null || programKind(command.script).type !== 'node')
    return ok({ ...base, script: path, interpreter: { type: 'none' } });
  const env = command.nodePath === null ? base.env : { ...base.env, NODE_PATH: command.nodePath };
  return ok({ ...base, script: command.script, env, interpreter: { type: 'node' } });
}

/**
 * A TypeScript file runs on Node: with the loader that its arguments name; else by Node itself where Node strips types
 * (not from .tsx); else through `tsx`, if that is installed.
 */
function typescript(program: Program, { cwd }: ProgramRequest): Result<Program, ProgramProblem> {
  const hasLoader = program.interpreterArgs.some((arg) =>
    /^(-r|--(require|import|loader|experimental-loader|experimental-(strip|transform)-types))(=|$)/.test(arg),
  );
  if (hasLoader || (stripsTypes() && !program.script.endsWith('.tsx'))) return ok(program);
  if (hasPackage('tsx', cwd))
    return ok({ ...program, interpreterArgs: [...program.interpreterArgs, '--import', 'tsx'] });
  return err({
    code: 'ECO1411',
    option: 'script',
    message: `Node ${nodeVersion()} does not run ${program.script.endsWith('.tsx') ? '.tsx' : 'TypeScript'} files by itself`,
    hint: 'install tsx (npm install tsx), or run the compiled file',
  });
}

/** The interpreter that the file names. */
export function byInterpreter(
  program: Omit<Program, 'interpreter'>,
  name: string,
  request: ProgramRequest,
): Result<Program, ProgramProblem> {
  if (name === 'node') {
    const node: Program = { ...program, interpreter: { type: 'node' }, foreign: false };
    return /\.[cm]?tsx?$/.test(program.script) ? typescript(node, request) : ok(node);
  }
  if (name === 'tsx' && request.unwrap && hasPackage('tsx', request.cwd)) {
    const interpreterArgs = [...program.interpreterArgs, '--import', 'tsx'];
    return ok({ ...program, interpreter: { type: 'node' }, interpreterArgs, unwrappedFrom: 'tsx' });
  }
  if (name.startsWith('node@')) return byNodeVersion(program, name.slice('node@'.length), request);
  const path = interpreterPath(name, request);
  if (path !== null) return ok({ ...program, interpreter: { type: 'program', path } });
  const where = name.includes('/')
    ? `${pathOf(name, request)} is no program that may be run`
    : `no command "${name}" is in PATH`;
  return err({ code: 'ECO1402', option: 'interpreter', message: `the interpreter is not found: ${where}` });
}

/** `node@22`: the newest one of that line that a version manager has installed. */
function byNodeVersion(
  program: Omit<Program, 'interpreter'>,
  wanted: string,
  { environment }: ProgramRequest,
): Result<Program, ProgramProblem> {
  const { found, installed } = findNode(wanted, environment);
  if (found !== null) return ok({ ...program, interpreter: { type: 'program', path: found.path }, foreign: false });
  const versions = installed.map(({ version }) => version);
  return err({
    code: 'ECO1402',
    option: 'interpreter',
    message: `the interpreter is not found: nvm, fnm, volta, asdf and mise have no Node ${wanted}`,
    hint: versions.length === 0 ? 'give the path of that Node' : `they have ${versions.join(', ')}`,
  });
}

/** A bare name stays one if PATH has it: a new version of it is no change of the app. */
function interpreterPath(name: string, request: ProgramRequest): string | null {
  if (name.includes('/') || name.startsWith('~'))
    return isExecutableFile(pathOf(name, request)) ? pathOf(name, request) : null;
  return findInPath(name, request) === null ? (findBin(name, request.cwd)?.path ?? null) : name;
}
