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
  for (const manager of [eco, pm2]) {
    const port = await freePort();
    const app = { name: 'web', cwd: join(folder, 'apps'), script: 'server.cjs', env: { PORT: port }, ...options };
    await manager.write([app]);
    await manager.startFile();
    await awaitAnswer(port);
    deployed.push({ ...manager, port, primaryPid: manager.daemonPid });
  }
  return { folder, contenders: deployed, end: () => Promise.all([eco.stopAll(), pm2.stopAll()]) };
}

/** server.cjs with that many workers on one port, under everybody. */
export async function deployEverywhere(programs, instances) {
  const managed = await deployManaged(programs, { instances, exec_mode: 'cluster' });
  const bare = [];
  for (const [name, script] of [
    ['cluster', 'cluster.cjs'],
    ['bare', 'shared.cjs'],
  ]) {
    const port = await freePort();
    bare.push(startBare(script, { name, folder: managed.folder, port, instances }));
    await awaitAnswer(port);
  }
  const end = async () => {
    await managed.end();
    for (const { stop } of bare) await stop();
  };
  return { contenders: [...managed.contenders, ...bare], end };
}
