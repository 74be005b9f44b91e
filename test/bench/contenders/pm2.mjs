import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENVIRONMENT, cleanups, expectEnd, identify, run } from '../lib/processes.mjs';

/** PM2 in a PM2_HOME of its own, as it comes; `stopAll` ends all of it. */
export async function pm2In(folder, binary) {
  const root = join(folder, 'p');
  const home = join(root, 'home');
  await mkdir(home, { recursive: true });
  const env = { ...ENVIRONMENT, PM2_HOME: home };
  const command = (args) => run(process.execPath, [binary, ...args], { cwd: root, env });
  const daemonPid = async () => {
    try {
      return Number(readFileSync(join(home, 'pm2.pid'), 'utf8'));
    } catch {
      return undefined;
    }
  };
  const workerPids = async (app) => {
    const { stdout } = await command(['jlist', '--silent']);
    const listed = JSON.parse(stdout.slice(stdout.indexOf('[{') < 0 ? stdout.lastIndexOf('[]') : stdout.indexOf('[{')));
    return listed.filter(({ name, pid }) => pid > 0 && (app === undefined || name === app)).map(({ pid }) => pid);
  };
  const stopAll = async () => {
    const daemon = await daemonPid();
    if (daemon === undefined) return;
    const identities = [daemon, ...(await workerPids())].map(identify);
    await command(['kill']);
    await expectEnd(identities, { who: 'PM2' });
  };
  cleanups.push(stopAll);
  return {
    name: 'PM2',
    daemonPid,
    workerPids,
    write: (apps) => writeFile(join(root, 'ecosystem.config.json'), JSON.stringify({ apps })),
    startFile: () => command(['start', 'ecosystem.config.json']),
    list: () => command(['jlist']),
    reload: (app) => command(['reload', app]),
    startDaemon: () => command(['ping']),
    stopAll,
    logFolder: join(home, 'logs'),
  };
}
