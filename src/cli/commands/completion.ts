import type { Command } from 'commander';
import { SEARCH_PLACES } from '../../config/find-file.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { complete, completionScript } from '../program/completion.ts';

export function printCompletion(shell: string): ExitCode {
  completionScript(shell);
  return EXIT.success;
}

/** Whoever presses Tab waits, and has asked for nothing: no daemon is started, and nothing that is amiss is told. */
export async function suggest(context: CliContext, program: Command, words: readonly string[]): Promise<ExitCode> {
  const client = await context.connect('never');
  const observed = client.ok ? await client.value.observe() : client;
  const projects = observed.ok ? observed.value.projects : [];
  complete(program, words, {
    apps: projects.flatMap(({ apps }) => apps.map(({ name }) => name)),
    projects: projects.map(({ name }) => name),
    files: SEARCH_PLACES.filter((place) => context.fileKind(`${context.cwd}/${place}`) === 'file'),
  });
  return EXIT.success;
}
