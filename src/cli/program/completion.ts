import { RootCommand, type Command as Described, type Complete } from '@bomb.sh/tab';
import type { Argument, Command, Option } from 'commander';

/** What only this machine knows at this moment. */
export interface Suggestions {
  readonly apps: readonly string[];
  readonly projects: readonly string[];
  /** Ecosystem files of the current folder. */
  readonly files: readonly string[];
}

/** Prints what may stand in the place of the last of these words, as the scripts of `completionScript` read it. */
export function complete(program: Command, words: readonly string[], suggestions: Suggestions): void {
  const root = new RootCommand();
  describe(root, program, suggestions);
  for (const command of visibleCommands(program)) {
    const [path, names] = [pathOf(command), [command.name(), ...command.aliases()]];
    for (const name of names)
      describe(root.command([...path, name].join(' '), command.description()), command, suggestions);
  }
  root.parse([...words]);
}

/** Prints the script that a shell loads. */
export function completionScript(shell: string): void {
  new RootCommand().setup('eco', 'eco', shell);
}

function describe(described: Described, command: Command, suggestions: Suggestions): void {
  for (const option of command.createHelp().visibleOptions(command)) {
    if (option.long === undefined || option.long === null) continue;
    const [name, short] = [option.long.slice(2), option.short?.slice(1)];
    const values = option.required || option.optional ? valuesOf(option, suggestions) : null;
    if (values === null) described.option(name, option.description, short);
    else described.option(name, option.description, suggest(values), short);
  }
  for (const argument of command.registeredArguments) {
    described.argument(argument.name(), suggest(argumentValues(argument, suggestions)), argument.variadic);
  }
}

function valuesOf(option: Option, { apps, projects, files }: Suggestions): readonly string[] {
  const known: Readonly<Record<string, readonly string[]>> = { only: apps, project: projects, file: files };
  return option.argChoices ?? known[option.attributeName()] ?? [];
}

function argumentValues(argument: Argument, { apps, files }: Suggestions): readonly string[] {
  const name = argument.name();
  if (name === 'file') return files;
  return argument.argChoices ?? (['name', 'target', 'targets'].includes(name) ? apps : []);
}

function suggest(values: readonly string[]): (complete: Complete) => void {
  return (complete) => values.forEach((value) => complete(value, ''));
}

function visibleCommands(command: Command): readonly Command[] {
  const own = command.createHelp().visibleCommands(command);
  return own.flatMap((child) => [child, ...visibleCommands(child)]);
}

/** The names of the commands above it, the program itself left out. */
function pathOf({ parent }: Command): readonly string[] {
  return parent === null || parent.parent === null ? [] : [...pathOf(parent), parent.name()];
}
