import type { BootMachine } from '../../src/platform/boot-machine.ts';

/** A machine that writes down what it is told. Commands that begin with a key of `problems` fail with its value. */
export function fakeBootMachine(
  facts: Partial<Pick<BootMachine, 'platform' | 'uid'>> = {},
  problems: Readonly<Record<string, string>> = {},
) {
  const files = new Map<string, string>();
  const done: string[] = [];
  const homes: Readonly<Record<string, string>> = { alice: '/home/alice', root: '/root' };
  const machine: BootMachine = {
    platform: 'linux',
    uid: 1000,
    daemonCommand: () => ['/usr/bin/node', '--max-semi-space-size=1', '/usr/lib/node_modules/eco-runner/dist/ecod.js'],
    cliCommand: () => ['/usr/bin/node', '/usr/lib/node_modules/eco-runner/dist/eco.js'],
    homeOf: async (user) => homes[user] ?? null,
    ownHome: () => '/home/alice',
    configFolder: (userHome) => `${userHome}/.config`,
    read: (path) => files.get(path) ?? null,
    write: (path, text) => {
      done.push(`write ${path}`);
      files.set(path, text);
      return null;
    },
    remove: (path) => {
      done.push(`remove ${path}`);
      files.delete(path);
      return null;
    },
    run: async (words) => {
      const command = words.join(' ');
      const problem = Object.entries(problems).find(([start]) => command.startsWith(start))?.[1] ?? null;
      done.push(problem === null ? command : `${command}: ${problem}`);
      return problem;
    },
    ...facts,
  };
  return { machine, files, done };
}
