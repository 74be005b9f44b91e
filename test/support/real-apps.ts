import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import type { EcoRig } from './eco-rig.ts';
import { commandOf } from './processes.ts';

/** What a fixture app says of itself. */
export interface Said {
  readonly version: number;
  readonly pid: number;
  readonly greeting: string | undefined;
}

export interface RealApp {
  /** The folder in `fixtures/apps`; null for a program of the machine's. */
  readonly fixture: string | null;
  readonly spec: Readonly<Record<string, unknown>>;
  /** The file that holds `version = 1`, and how it does. */
  readonly code: { readonly file: string; readonly before: string; readonly after: string } | null;
  /** The change that makes the second version of the app, in the ecosystem file. */
  readonly edited: Readonly<Record<string, unknown>>;
  readonly listens: boolean;
  /** Whether eco sees by itself that it listens; otherwise the file has to say where. */
  readonly seen: boolean;
  /** Whether the process that answers is the worker itself, or may be a descendant of it. */
  readonly answersItself: boolean;
  readonly ask: (eco: EcoRig, context: Asked) => Promise<Said>;
}

export interface Asked {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

const EDITED = { env: { GREETING: 'hello' } };
const ANSWERS = { edited: EDITED, listens: true, seen: true, answersItself: true, ask: askByHttp };

const IN_JAVASCRIPT = { before: 'version = 1', after: 'version = 2' };

/** The kinds of program that the issue names, each as a file of a user's would ask for it. */
export const REAL_APPS: Readonly<Record<string, RealApp>> = {
  http: { ...ANSWERS, fixture: 'http', spec: { script: 'server.js' }, code: { file: 'server.js', ...IN_JAVASCRIPT } },
  'http in cluster mode': {
    ...ANSWERS,
    fixture: 'http',
    spec: { script: 'server.js', exec_mode: 'cluster' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
  },
  'express 5': {
    ...ANSWERS,
    fixture: 'express',
    spec: { script: 'server.js' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
  },
  'fastify 5': {
    ...ANSWERS,
    fixture: 'fastify',
    spec: { script: 'server.js' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
  },
  'an ESM app': {
    ...ANSWERS,
    fixture: 'esm',
    spec: { script: 'server.js', exec_mode: 'cluster' },
    code: { file: 'answer.js', ...IN_JAVASCRIPT },
  },
  'a TypeScript app': {
    ...ANSWERS,
    fixture: 'typescript',
    spec: { script: 'server.ts', interpreter: 'node', interpreter_args: '--import tsx' },
    code: { file: 'server.ts', before: 'Current = 1', after: 'Current = 2' },
  },
  'a ws server': {
    ...ANSWERS,
    fixture: 'ws',
    spec: { script: 'server.js' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
    ask: askByWebSocket,
  },
  'npm start, unwrapped': {
    ...ANSWERS,
    fixture: 'npm-start',
    spec: { script: 'npm', args: 'start' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
  },
  'npm start that cannot be unwrapped': {
    ...ANSWERS,
    fixture: 'npm-start-compound',
    spec: { script: 'npm', args: 'start' },
    code: { file: 'server.js', ...IN_JAVASCRIPT },
    seen: false,
    answersItself: false,
  },
  'a Python script': {
    ...ANSWERS,
    fixture: 'python',
    spec: { script: 'server.py' },
    code: { file: 'server.py', before: 'VERSION = 1', after: 'VERSION = 2' },
    seen: false,
  },
  'a queue worker that never listens': {
    fixture: 'queue-worker',
    spec: { script: 'worker.js' },
    code: { file: 'worker.js', ...IN_JAVASCRIPT },
    edited: EDITED,
    listens: false,
    seen: false,
    answersItself: true,
    ask: askByJob,
  },
  'a shell script': {
    fixture: 'shell',
    spec: { script: 'serve.sh' },
    code: { file: 'serve.sh', before: 'version=1', after: 'version=2' },
    edited: EDITED,
    listens: false,
    seen: false,
    answersItself: true,
    ask: askByLog,
  },
  'a binary': {
    fixture: null,
    spec: { script: 'sleep', args: '1001', interpreter: 'none' },
    code: null,
    edited: { args: '1002' },
    listens: false,
    seen: false,
    answersItself: true,
    ask: askByCommand,
  },
};

async function askByHttp(eco: EcoRig, { port }: Asked): Promise<Said> {
  const { status, body } = await eco.get(port);
  expect(status).toBe(200);
  return saidIn(body);
}

async function askByWebSocket(_eco: EcoRig, { port }: Asked): Promise<Said> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(saidIn(JSON.parse(data.toString()))));
      socket.on('error', reject);
    });
  } finally {
    socket.terminate();
  }
}

async function askByJob(eco: EcoRig, { name, pid }: Asked): Promise<Said> {
  const job = eco.path(name, 'queue', `asked-of-${pid}`);
  await writeFile(`${job}.job`, '{}');
  return eco.eventually(async () => saidIn(JSON.parse(await readFile(`${job}.done`, 'utf8'))));
}

async function askByLog(eco: EcoRig, { name, pid }: Asked): Promise<Said> {
  return eco.eventually(async () => {
    const { stdout } = await eco.ok(['logs', name, '--raw', '--out', '--lines', '100', '--no-follow']);
    const said = stdout.split('\n').filter((line) => line.startsWith('{'));
    const mine = said.map((line) => saidIn(JSON.parse(line))).find((line) => line.pid === pid);
    if (mine === undefined) throw new Error(`${pid} has not said anything:\n${stdout}`);
    return mine;
  });
}

function askByCommand(_eco: EcoRig, { pid }: Asked): Promise<Said> {
  const [, version] = /^\S*sleep 100([12])$/.exec(commandOf(pid)) ?? [];
  return Promise.resolve({ version: Number(version), pid, greeting: version === '2' ? 'hello' : undefined });
}

function saidIn(body: unknown): Said {
  const { version, pid, greeting } = body as Readonly<Record<string, unknown>>;
  return {
    version: Number(version),
    pid: Number(pid),
    greeting: typeof greeting === 'string' && greeting !== '' ? greeting : undefined,
  };
}

/** The entry of the ecosystem file for one of `REAL_APPS`. */
export function entryOf(app: RealApp, name: string, { port, edited }: { port: number; edited: boolean }): object {
  const change = edited ? app.edited : {};
  const env = { ...(app.listens ? { PORT: port } : {}), ...('env' in change ? EDITED.env : {}) };
  const readiness = app.listens && !app.seen ? { readiness: { tcp: port } } : {};
  return { name, ...app.spec, ...readiness, ...change, env, ...(app.fixture === null ? {} : { cwd: join('.', name) }) };
}
