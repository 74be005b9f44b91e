import { isAbsolute, resolve } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { entryPoints } from '../platform/entry-points.ts';
import { fileKind } from '../platform/files.ts';
import { quoted } from '../util/quoted.ts';
import { byInterpreter, byKind } from './choose-interpreter.ts';
import { findBin, findInPath } from './find-program.ts';
import { isOfWindows, OF_WINDOWS } from './windows-paths.ts';
import { isFile, pathOf, type Program, type ProgramProblem, type ProgramRequest } from './program.ts';
import { unwrapCommand } from './unwrap.ts';
import { splitAssignments, splitWords } from './words.ts';

export function resolveProgram(request: ProgramRequest): Result<Program, ProgramProblem> {
  const exists = isFile(pathOf(request.script, request));
  if (!exists && isBuiltInServer(request)) return ok(builtInServer(request));
  if (!exists && /\s/.test(request.script) && !isOfWindows(request.script)) return resolveLine(request);
  const overridden = request.interpreter !== null && !['none', 'node'].includes(request.interpreter);
  if (!exists && request.unwrap && !overridden) {
    const unwrapped = resolveUnwrapped([request.script, ...request.args], request);
    if (unwrapped !== null) return ok(unwrapped);
  }
  return resolveScript(request);
}

/** PM2's name of its own static server, unless the npm package of that name is installed. */
function isBuiltInServer({ script, cwd, ...request }: ProgramRequest): boolean {
  return script === 'serve' && findBin(script, cwd) === null && findInPath(script, { cwd, ...request }) === null;
}

/** What it serves is read when it is asked for: new files are no new code. */
function builtInServer({ args, interpreterArgs }: ProgramRequest): Program {
  const program = { args, interpreterArgs, script: entryPoints.staticServer, interpreter: { type: 'node' } } as const;
  return { ...NOTHING_SPECIAL, ...program, unwrappedFrom: 'serve (built into eco)', foreign: true };
}

/** `npm run start:prod`, `HOMO=true nodemon index.js`: a whole command in one text. */
function resolveLine(request: ProgramRequest): Result<Program, ProgramProblem> {
  const split = splitWords(request.script);
  const words = [...(split?.words ?? []), ...request.args];
  if (split !== null && split.plain && request.unwrap && words.length > 0) {
    const program = resolveUnwrapped(words, request) ?? resolvePlainLine(words, request);
    if (program !== null) return ok(program);
  }
  if (findInPath('sh', request) === null)
    return err({ code: 'ECO1401', option: 'script', message: 'no "sh" in PATH to run the command line' });
  const line = [request.script, ...request.args.map(quoted)].join(' ');
  return ok({ ...NOTHING_SPECIAL, script: 'sh', args: ['-c', line], interpreter: { type: 'none' }, foreign: false });
}

/** One command that a shell would only pass on: it is run without the shell. */
function resolvePlainLine(words: readonly string[], request: ProgramRequest): Program | null {
  const { env, rest } = splitAssignments(words);
  const program = runWords(rest, request);
  return program === null ? null : { ...program, env: { ...program.env, ...env } };
}

/** null where it is no runner, or where what it runs cannot be told. */
function resolveUnwrapped(words: readonly string[], request: ProgramRequest): Program | null {
  const unwrapped = unwrapCommand(words, request.cwd);
  if (unwrapped === null) return null;
  const program = runWords(unwrapped.words, request);
  if (program === null) return null;
  const { env, pathPrefix } = unwrapped;
  return {
    ...program,
    env: { ...program.env, ...env },
    pathPrefix,
    unwrappedFrom: words.map(quoted).join(' '),
    foreign: false,
  };
}

function runWords([command = '', ...args]: readonly string[], request: ProgramRequest): Program | null {
  if (command === 'node') return runNode(args, request);
  const program = resolveScript({ ...request, script: command, args, interpreter: null });
  return program.ok ? program.value : null;
}

/** Options of Node that take the next word as their value (https://nodejs.org/api/cli.html). */
const NODE_OPTIONS_WITH_VALUE = [
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--env-file',
];
/** With these Node does something else than run one script in this process. */
const NODE_OPTIONS_WITHOUT_SCRIPT =
  /^(-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|--run|--test|--watch|--watch-path|-)(=|$)/;

/** `node FLAGS SCRIPT ARGS` */
function runNode(words: readonly string[], request: ProgramRequest): Program | null {
  const flags: string[] = [];
  let at = 0;
  for (; words[at]?.startsWith('-') === true; at++) {
    const flag = words[at] ?? '';
    if (NODE_OPTIONS_WITHOUT_SCRIPT.test(flag)) return null;
    flags.push(flag);
    if (!NODE_OPTIONS_WITH_VALUE.includes(flag)) continue;
    at++;
    flags.push(words[at] ?? '');
  }
  const script = words[at];
  if (script === undefined) return null;
  const path = ['', '.js', '.cjs', '.json', '/index.js'].map((end) => pathOf(script, request) + end).find(isFile);
  if (path === undefined) return null;
  const interpreterArgs = [...request.interpreterArgs, ...flags];
  return {
    ...NOTHING_SPECIAL,
    script: path,
    args: words.slice(at + 1),
    interpreter: { type: 'node' },
    interpreterArgs,
    foreign: false,
  };
}

function resolveScript(request: ProgramRequest): Result<Program, ProgramProblem> {
  const located = locateScript(request);
  if (!located.ok) return located;
  const { path, command } = located.value;
  const base = {
    ...NOTHING_SPECIAL,
    args: request.args,
    interpreterArgs: request.interpreterArgs,
    foreign: command !== null,
  };
  // `interpreter: node` on a package runner: it starts Node itself, and must not be taken for the app.
  const isRunner =
    command !== null && ['npm', 'npx', 'yarn', 'pnpm'].includes(command) && request.interpreter === 'node';
  if (command !== null && (request.interpreter === null || isRunner))
    return ok({ ...base, script: command, interpreter: { type: 'none' } });
  if (request.interpreter === null) return byKind(path, base, request);
  if (request.interpreter === 'none') return ok({ ...base, script: command ?? path, interpreter: { type: 'none' } });
  return byInterpreter({ ...base, script: path }, request.interpreter, request);
}

interface LocatedScript {
  readonly path: string;
  /** The bare name, if it was found in PATH. */
  readonly command: string | null;
}

function locateScript(request: ProgramRequest): Result<LocatedScript, ProgramProblem> {
  const { script } = request;
  const path = pathOf(script, request);
  const kind = fileKind(path);
  if (kind === 'file') return ok({ path, command: null });
  const isBare = !script.includes('/');
  const bin = isBare ? findBin(script, request.cwd) : null;
  if (bin !== null) return ok({ path: bin.path, command: null });
  const inPath = isBare ? findInPath(script, request) : null;
  if (inPath !== null) return ok({ path: inPath, command: script });
  if (kind === 'folder') return inFolder(path, request);
  return err({
    code: 'ECO1401',
    option: 'script',
    message: missingScript(script, path),
    hint: hintAt(script, request),
  });
}

/** Node runs the `index.js` of a folder. */
function inFolder(path: string, { script }: ProgramRequest): Result<LocatedScript, ProgramProblem> {
  const index = resolve(path, 'index.js');
  if (isFile(index)) return ok({ path: index, command: null });
  return err({
    code: 'ECO1410',
    option: 'script',
    message: `the script "${script}" is a folder without an index.js`,
    hint: 'name the file to run',
  });
}

function missingScript(script: string, path: string): string {
  if (isOfWindows(script)) return `the script ${script} does not exist`;
  return script.includes('/')
    ? `the script ${path} does not exist`
    : `the script ${path} does not exist, and no command "${script}" is in PATH`;
}

function hintAt(script: string, { cwd, folder }: ProgramRequest): string | undefined {
  if (isAbsolute(script)) return undefined;
  if (isOfWindows(script)) return OF_WINDOWS;
  const slashed = script.replaceAll('\\', '/');
  if (slashed !== script && isFile(resolve(cwd, slashed))) return `write it with slashes: ${slashed}`;
  const inFolder = resolve(folder, script);
  if (folder !== cwd && isFile(inFolder)) return `it is at ${inFolder}, but "script" is relative to "cwd"`;
  const full = ['.js', '.mjs', '.cjs', '.ts', '.sh', '.py']
    .map((end) => script + end)
    .find((name) => isFile(resolve(cwd, name)));
  if (full !== undefined) return `there is a "${full}"`;
  if (/(^|\/)(dist|build|out)\//.test(script)) return 'it looks like the output of a build: build first';
  return undefined;
}

const NOTHING_SPECIAL = { interpreterArgs: [], pathPrefix: [], unwrappedFrom: null, env: {}, user: null };
