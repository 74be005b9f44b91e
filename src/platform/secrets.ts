import type { SecretSource } from '../domain/app-spec.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { seconds, type Milliseconds } from '../domain/time.ts';
import { unreachable } from '../util/unreachable.ts';
import { baseEnvironment } from './base-environment.ts';
import { readFileUpTo } from './files.ts';
import { runCommand } from './run-command.ts';

/** Of a secret; an environment could not hold more anyway (https://man7.org/linux/man-pages/man2/execve.2.html). */
const LARGEST = 128 * 1024;
const COMMAND_TIMEOUT: Milliseconds = seconds(10);

/** What a secret is at this moment, or why it cannot be had. Nothing of it is in the problem, nor what its command wrote. */
export async function readSecret(
  source: SecretSource,
  cwd: string,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const value = await readSource(source, { cwd, signal });
  if (!value.ok) return value;
  if (value.value === '') return err(`${nameOf(source)} is empty`);
  return value.value.includes('\0') ? err(`${nameOf(source)} holds a NUL character`) : value;
}

interface Place {
  readonly cwd: string;
  /** Once aborted nobody waits for it. */
  readonly signal: AbortSignal;
}

function readSource(source: SecretSource, place: Place): Result<string, string> | Promise<Result<string, string>> {
  switch (source.type) {
    case 'file':
      return readFile(source.path);
    case 'env': {
      const value = process.env[source.name];
      return value === undefined ? err(`${nameOf(source)} is not set`) : ok(value);
    }
    case 'command':
      return readOutput(source.command, place);
    default:
      return unreachable(source);
  }
}

function nameOf(source: SecretSource): string {
  switch (source.type) {
    case 'file':
      return source.path;
    case 'env':
      return `the variable ${source.name} of eco's daemon`;
    case 'command':
      return 'what its command prints';
    default:
      return unreachable(source);
  }
}

function readFile(path: string): Result<string, string> {
  const outcome = readFileUpTo(path, LARGEST);
  switch (outcome.type) {
    case 'read':
      return ok(withoutLineEnd(Buffer.from(outcome.bytes).toString('utf8')));
    case 'missing':
      return err(`${path} does not exist`);
    case 'folder':
      return err(`${path} is a folder`);
    case 'too-large':
      return err(`${path} is larger than 128 KiB`);
    case 'unreadable':
      return err(`${path} cannot be read: ${outcome.problem}`);
    default:
      return unreachable(outcome);
  }
}

async function readOutput(command: string, { cwd, signal }: Place): Promise<Result<string, string>> {
  const request = { command, cwd, env: baseEnvironment(), timeout: COMMAND_TIMEOUT };
  const outcome = await runCommand(request, { streams: 'stdout', signal });
  return outcome.type === 'succeeded' ? ok(withoutLineEnd(outcome.output)) : err(`its command ${outcome.problem}`);
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}
