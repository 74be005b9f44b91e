/** What every program may expect; anything else of a shell's environment must be asked for by `pass_env`. */
const BASE_VARIABLES = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|XDG_.*)$/;

/** Of this process's environment, the part that workers get. */
export function baseEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      return value !== undefined && BASE_VARIABLES.test(name);
    }),
  );
}

/** The Node that runs this process, which also runs the Node apps that name no other. */
export function nodeProgram(): string {
  return process.execPath;
}
