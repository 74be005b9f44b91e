import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, test } from '../support/daemon-test.ts';
import type { AppSpec } from '../../src/domain/app-spec.ts';
import { eventually } from '../support/eventually.ts';
import type { DaemonRig } from '../support/daemon-rig.ts';

const DATED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: /;
const dated: Partial<AppSpec> = { logDateFormat: 'YYYY-MM-DDTHH:mm:ss' };

/** Runs a program to its end; what stands in its logs. */
async function run(rig: DaemonRig, node: string, code: string, fields: Partial<AppSpec>) {
  await rig.startDaemon();
  const script = await rig.write('app.js', code);
  const interpreter = { type: 'program', path: node } as const;
  const spec = rig.spec(script, { kind: 'task', interpreter, mergeLogs: true, ...fields });
  await rig.step({ type: 'start', spec });
  await eventually(async () => {
    const { workers } = await rig.observe();
    return ['completed', 'failed', 'stopped'].includes(workers[0]?.phase ?? 'stopped');
  });
  const read = (name: string) => readFile(join(rig.home, 'logs', 'test', `app.${name}`), 'utf8').catch(() => '');
  return { out: await read('out.log'), err: await read('err.log'), combined: await read('all.log') };
}

const unstamped = (text: string): string => text.replaceAll(new RegExp(DATED.source, 'gm'), 'T: ');

describe.each(inject('nodeLines'))('Node $line', ({ program }) => {
  test('each line of the console and the streams gets the time, also where it is written in parts', async ({ rig }) => {
    const code = `
      console.log('one\\ntwo');
      process.stdout.write('thr');
      process.stdout.write(Buffer.from('ee\\nfo'));
      process.stdout.write('75720a', 'hex', () => console.log('called back'));
      console.error('to stderr');
      new (require('node:worker_threads').Worker)('console.log("of a thread")', { eval: true })
        .on('exit', () => process.stdout.end('last\\n'));
    `;
    const { out, err } = await run(rig, program, code, dated);
    expect(unstamped(out)).toBe('T: one\nT: two\nT: three\nT: four\nT: called back\nT: of a thread\nT: last\n');
    expect(unstamped(err)).toBe('T: to stderr\n');
  });

  test('what is written just before the end is written: by exit, in exit handlers, of an exception', async ({
    rig,
  }) => {
    const code = `
      process.on('exit', () => { console.log('at exit'); process.stdout.write('no end'); });
      for (let i = 0; i < 1000; i++) console.log('line ' + i);
      throw new Error('boom');
    `;
    const { out, err } = await run(rig, program, code, dated);
    const lines = unstamped(out).split('\n');
    expect(lines.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => `T: line ${i}`));
    expect(lines.slice(1000)).toEqual(['T: at exit', 'T: no end']);
    expect(err).toMatch(DATED);
    expect(err).toContain('Error: boom');
    expect(err.match(new RegExp(DATED.source, 'gm'))).toHaveLength(1);
  });

  test('an exception that the app catches itself leaves no trace of the time', async ({ rig }) => {
    const code = `process.on('uncaughtException', () => {}); setTimeout(() => process.exit(0), 50); throw new Error('boom');`;
    expect(await run(rig, program, code, dated)).toEqual({ out: '', err: '', combined: '' });
  });

  test('as JSON, each line is a document, whatever it holds', async ({ rig }) => {
    const code = `
      console.log('say "hi"\\n\\tthere');
      process.stdout.write('in two ');
      console.log('parts');
      console.error(JSON.stringify({ a: 1 }));
      process.stdout.write('no end');
      process.exit(0);
    `;
    const { out, err } = await run(rig, program, code, { logType: 'json' });
    const documents = [...out.trim().split('\n'), ...err.trim().split('\n')].map((line) => JSON.parse(line) as object);
    const common = { process_id: 0, app_name: 'app', timestamp: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(documents).toEqual([
      { ...common, type: 'out', message: 'say "hi"' },
      { ...common, type: 'out', message: '\tthere' },
      { ...common, type: 'out', message: 'in two parts' },
      { ...common, type: 'out', message: 'no end' },
      { ...common, type: 'err', message: '{"a":1}' },
    ]);
  });

  test('a prompt without a line end is a document too, after a while', async ({ rig }) => {
    const code = `process.stdout.write('ready? '); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000);`;
    const { out } = await run(rig, program, code, { logType: 'json' });
    expect(JSON.parse(out)).toMatchObject({ message: 'ready? ' });
  });

  test('the combined file gets both streams in order, stamped or not', async ({ rig }) => {
    const code = `console.log('1'); console.error('2'); process.stdout.write('3\\n'); console.warn('4');`;
    const combinedFile = { type: 'default' } as const;
    expect(await run(rig, program, code, { combinedFile })).toEqual({
      out: '1\n3\n',
      err: '2\n4\n',
      combined: '1\n2\n3\n4\n',
    });
  });

  test('the app sees streams as under plain Node', async ({ rig }) => {
    const code = `
      const { stdout } = process;
      const described = Object.getOwnPropertyDescriptor(process, 'stdout');
      console.log(JSON.stringify([stdout.constructor.name, stdout === process.stdout, stdout.fd, stdout.isTTY ?? null,
        Object.keys(stdout).includes('_write'), described.enumerable, described.configurable, typeof described.get,
        stdout.write('x\\n'), process.listenerCount('uncaughtException'), console._stdout === stdout]));
    `;
    const { out } = await run(rig, program, code, dated);
    const seen: unknown = JSON.parse(unstamped(out).replace('T: x\nT: ', ''));
    expect(seen).toEqual(['SyncWriteStream', true, 1, null, false, true, true, 'function', true, 0, true]);
  });
});
