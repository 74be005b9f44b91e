import { join } from 'node:path';
import { startBare } from '../contenders/bare.mjs';
import { ecoIn } from '../contenders/eco.mjs';
import { pm2In } from '../contenders/pm2.mjs';
import { awaitAnswer } from '../load/answer.mjs';
import { createFolder, freePort } from '../lib/workspace.mjs';

/** eco and PM2 with homes of their own in a new folder. */
export async function managers({ eco, pm2 }) {
  const folder = await createFolder();
  return { folder, eco: await ecoIn(folder, eco), pm2: await pm2In(folder, pm2) };
}

/** server.cjs as `web` under eco and PM2, with `options` in the file of both. `port` is added to each. */
export async function deployManaged(programs, options) {
  const { folder, eco, pm2 } = await managers(programs);
  const deployed = [];
  for (const manager of [eco, pm2]) deployed.push(...(await deploy(manager, folder, [{ ...options, name: 'web' }])));
  return { folder, contenders: deployed, end: () => Promise.all([eco.stopAll(), pm2.stopAll()]) };
}

/** One contender for each of the apps, which are server.cjs. */
async function deploy(manager, folder, apps) {
  const ports = [];
  for (const _ of apps) ports.push(await freePort());
  const common = { cwd: join(folder, 'apps'), script: 'server.cjs' };
  await manager.write(apps.map((app, index) => ({ ...common, env: { PORT: ports[index] }, ...app })));
  await manager.startFile();
  for (const port of ports) await awaitAnswer(port);
  return apps.map(({ name }, index) => ({ ...manager, app: name, port: ports[index], primaryPid: manager.daemonPid }));
}

/** server.cjs with that many workers on one port, under everybody; under eco with either kind of sockets, where it has both. */
export async function deployEverywhere(programs, instances) {
  const { folder, eco, pm2 } = await managers(programs);
  const web = { name: 'web', instances, exec_mode: 'cluster' };
  const [shared, reuseport] = await deploy(eco, folder, [web, { ...web, name: 'slots', balance: 'reuseport' }]);
  const grouped = (await eco.notices()).length === 0 ? [{ ...reuseport, name: 'reuseport' }] : [];
  const contenders = [shared, ...grouped, ...(await deploy(pm2, folder, [web]))];
  for (const [name, script] of [
    ['cluster', 'cluster.cjs'],
    ['bare', 'shared.cjs'],
  ]) {
    const port = await freePort();
    contenders.push(startBare(script, { name, folder, port, instances }));
    await awaitAnswer(port);
  }
  const end = async () => {
    await Promise.all([eco.stopAll(), pm2.stopAll()]);
    for (const { stop } of contenders) await stop?.();
  };
  return { contenders, end };
}
