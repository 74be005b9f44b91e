import { FLAGS_WITH_VALUE } from './options.ts';

/**
 * Puts global flags that stand before the command behind it (`eco --json list` → `eco list --json`), so that each command
 * declares what it understands and refuses the rest: no flag is accepted and then ignored.
 */
export function hoistFlags(args: readonly string[]): readonly string[] {
  const command = commandIndex(args);
  if (command === null || command === 0) return args;
  const [flags, rest] = [args.slice(0, command), args.slice(command)];
  const end = rest.indexOf('--');
  return end === -1 ? [...rest, ...flags] : [...rest.slice(0, end), ...flags, ...rest.slice(end)];
}

/** null if there is no command, or help or the version is asked for. */
function commandIndex(args: readonly string[]): number | null {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (!arg.startsWith('-')) return i;
    if (['-h', '--help', '-V', '--version', '--'].includes(arg)) return null;
    if (FLAGS_WITH_VALUE.includes(arg)) i += 1;
  }
  return null;
}
