import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { PatienceOptions } from '../flow/patience.ts';
import { HOST_FLAGS } from './host-flags.ts';
import { names, waitingTime } from './values.ts';

/** Runs a command with a context made from its flags, and keeps its exit code: a published one, or that of an app. */
export type Run = (flags: OutputFlags, command: (context: CliContext) => Promise<number>) => Promise<void>;

/** What every command understands. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  /** As it was typed. */
  readonly host?: string;
  readonly remoteCwd?: string;
  readonly remoteEco?: string;
  /** Of `apply`: there is more to be said there than what eco says. */
  readonly sync?: boolean;
}

export interface FileFlags extends OutputFlags {
  readonly file?: string;
  readonly env?: string;
  readonly project?: string;
  readonly strict?: boolean;
}

export interface PlanFlags extends FileFlags {
  readonly only?: readonly string[];
  readonly prune: boolean;
  readonly allowEmpty?: boolean;
  readonly takeOwnership?: boolean;
  readonly force?: boolean;
  readonly revision?: string;
}

/** Of commands that change a project, which only one may at a time. */
export type LockFlags = PatienceOptions;

export interface TargetFlags extends OutputFlags {
  readonly project?: string;
}

/** Global flags that take a value: they may stand before the command, so that their value must not be taken for it. */
export const FLAGS_WITH_VALUE: readonly string[] = ['-f', '--file', '--project', '--env', '--only', ...HOST_FLAGS];

export function withOutput(command: Command): Command {
  return command
    .option('--json', 'print JSON for programs, and nothing else, on stdout')
    .option('--no-color', 'print without colours')
    .option('-q, --quiet', 'print only errors and what was asked for')
    .option('-v, --verbose', 'also tell, on stderr, what eco does')
    .option('--host <url>', 'do it on another machine, over ssh: ssh://user@host; also by ECO_HOST')
    .option('--remote-cwd <folder>', 'the folder there that stands for the one of the ecosystem file')
    .option('--remote-eco <command>', 'what runs eco there (eco); also by ECO_REMOTE_COMMAND');
}

export function withFile(command: Command): Command {
  return withOutput(
    command
      .argument('[file]', 'the ecosystem file; without it, the nearest one from here up to the root of the repository')
      .option('-f, --file <file>', 'the same as [file]')
      .option('--env <name>', 'merge the env_<name> blocks')
      .option('--project <name>', 'use this project name instead of the one in the file')
      .option('--strict', 'take every warning about the file for an error'),
  );
}

export function withPlan(command: Command): Command {
  return withFile(command)
    .option('--only <names>', 'only these apps (a,b)', names)
    .option('--no-prune', 'keep apps that are no longer in the file')
    .option('--allow-empty', 'accept a file without apps: it deletes all apps of the project')
    .option('--take-ownership', 'take over a project that belongs to another origin')
    .option('--force', 'reload apps that did not change, too')
    .option('--revision <string>', 'the identity of the code, instead of a digest of its files');
}

export function withTargets(command: Command): Command {
  return withOutput(command.option('--project <name>', 'only apps of this project'));
}

export function withLockTimeout(command: Command): Command {
  return command.option(
    '--lock-timeout <time>',
    'wait so long (5m) for another command to be done with the project; without it, exit 5 at once',
    waitingTime,
  );
}

/** Help begins with what people copy. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('before', `${['Examples:', ...lines.map((line) => `  ${line}`)].join('\n')}\n`);
}
