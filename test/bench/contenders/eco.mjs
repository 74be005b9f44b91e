import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ENVIRONMENT, cleanups, expectEnd, identify, run } from '../lib/processes.mjs';

/** eco in an ECO_HOME of its own; `stopAll` ends all of it. */
export async function ecoIn(folder, binary) {
  const root = join(folder, 'e');
  await mkdir(root, { recursive: true });
  const env = { ...ENVIRONMENT, ECO_HOME: join(root, 'home'), CI: 'true' };
  const command = (args) => run(process.execPath, [binary, ...args], { cwd: root, env });
  const json = async (args) => JSON.parse((await command([...args, '--json'])).stdout);
  const daemonPid = async () => (await json(['daemon', 'status'])).pid ?? undefined;
  const workerPids = async (app) => {
    const { apps } = await json(['list']);
    const wanted = apps.filter(({ name }) => app === undefined || name === app);
    return wanted.flatMap(({ workers }) => workers.map(({ pid }) => pid).filter((pid) => pid !== null));
  };
  const stopAll = async () => {
    const identities = [await daemonPid(), ...(await workerPids())].filter(Boolean).map(identify);
    await command(['daemon', 'stop', '--apps']);
    await expectEnd(identities, { who: 'eco' });
  };
  cleanups.push(stopAll);
  return {
    name: 'eco',
    daemonPid,
    workerPids,
    /** The file, without the command. */
    write: (apps) => writeFile(join(root, 'ecosystem.json'), JSON.stringify({ project: 'bench', apps })),
    startFile: () => command(['apply']),
    /** What this machine, or this Node, cannot do of what the file asks for. */
    notices: async () => (await json(['plan'])).notices,
    list: () => command(['list']),
    /** Of a YAML file with that text; nothing but the file is looked at. */
    validate: async (text) => {
      await writeFile(join(root, 'validated.yaml'), text);
      return command(['validate', 'validated.yaml']);
    },
    reload: (app) => command(['reload', app]),
    startDaemon: () => command(['daemon', 'start']),
    stopAll,
    logFolder: join(root, 'home', 'logs'),
  };
}
