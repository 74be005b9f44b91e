// eco (as built), PM2 7 and bare Node side by side: npm run bench -- [--quick] [--only connections,reload]
// Medians of rounds that take turns. Run it on a machine that does nothing else.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { finish } from './lib/processes.mjs';
import { createReport, machine } from './lib/report.mjs';
import { copyOfProduct, createFolder, install, repository } from './lib/workspace.mjs';
import { commands } from './sections/commands.mjs';
import { crash } from './sections/crash.mjs';
import { daemon } from './sections/daemon.mjs';
import { logs } from './sections/logs.mjs';
import { memory } from './sections/memory.mjs';
import { reload } from './sections/reload.mjs';
import { connections, keepAlive, tail } from './sections/throughput.mjs';
import { watch } from './sections/watch.mjs';

const SECTIONS = { connections, 'keep-alive': keepAlive, tail, reload, crash, memory, commands, daemon, logs, watch };

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => void finish().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143)));
}
process.on('uncaughtException', (thrown) => {
  console.error(thrown);
  void finish().finally(() => process.exit(1));
});

const { quick, names } = readArguments();
try {
  await bench();
} finally {
  await finish();
}

async function bench() {
  const header = machine();
  const report = createReport();
  const programs = { eco: await copyOfProduct(await createFolder()), pm2: await install('pm2@7', 'bin/pm2') };
  for (const name of names) {
    console.log(name);
    await SECTIONS[name]({ programs, report, quick });
  }
  const text = `${header}\n${quick ? 'One round: rough.\n' : ''}\n${report.markdown()}\n`;
  await mkdir(join(repository, '.bench'), { recursive: true });
  await writeFile(join(repository, '.bench', 'last.md'), text);
  console.log(`\n${text}`);
}

function readArguments() {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });
  const known = Object.keys(SECTIONS);
  const names = values.only?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return { quick: values.quick, names };
  console.error(`unknown: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return process.exit(1);
}
