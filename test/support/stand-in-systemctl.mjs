#!/usr/bin/env node
// What of `systemctl --user` a unit of eco's needs: `start`, `restart` and `disable --now`, with Type=notify, Restart=always,
// RestartPreventExitStatus and KillMode=process. Its state is in the folder STAND_IN; the real one is never touched.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const state = process.env.STAND_IN;
const place = (name) => join(state, name);
const words = process.argv.slice(2).filter((word) => word !== '--user');
const [verb, ...rest] = words;
const name = rest.at(-1);
const RESTART_DELAY = 100;

if (verb !== 'supervise') appendFileSync(place('log'), `${words.join(' ')}\n`);
if (verb === 'supervise') supervise();
if (verb === 'start' && !runs('supervisor')) await start();
if (verb === 'restart') await restart();
if (verb === 'disable' && rest.includes('--now')) await stop();

async function start() {
  rmSync(place('ready'), { force: true });
  const supervisor = spawn(process.execPath, [import.meta.filename, 'supervise', name], {
    detached: true,
    stdio: 'ignore',
  });
  writeFileSync(place('supervisor'), String(supervisor.pid));
  supervisor.unref();
  await until(() => existsSync(place('ready')) || !runs('supervisor'));
  if (!existsSync(place('ready'))) {
    console.error(`Job for ${name} failed.`);
    process.exitCode = 1;
  }
}

async function restart() {
  await stop();
  await start();
}

async function stop() {
  if (runs('supervisor')) process.kill(Number(read('supervisor')), 'SIGTERM');
  await until(() => !runs('supervisor'));
}

function supervise() {
  const unit = readFileSync(join(process.env.HOME, '.config', 'systemd', 'user', name), 'utf8');
  const setting = (key) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value);
  const [program, ...args] = wordsOf(setting('ExecStart')[0]);
  const assignments = setting('Environment').flatMap(wordsOf);
  const env = {
    HOME: process.env.HOME,
    STAND_IN: state,
    NOTIFY_SOCKET: place('ready'),
    ...Object.fromEntries(
      assignments.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    ),
  };
  const prevented = setting('RestartPreventExitStatus').map(Number);
  let stopping = false;
  let main;
  process.on('SIGTERM', () => {
    stopping = true;
    main.kill('SIGTERM');
  });
  const run = () => {
    main = spawn(program, args, { env, cwd: process.env.HOME, stdio: 'ignore' });
    main.on('exit', (code) => {
      if (stopping || prevented.includes(code)) process.exit();
      setTimeout(run, RESTART_DELAY);
    });
  };
  run();
}

function wordsOf(line) {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) =>
    word.replaceAll('%%', '%').replaceAll('$$', '$').replaceAll(/\\(.)/g, '$1'),
  );
}

function runs(role) {
  try {
    const pid = read(role);
    if (pid === '') return false;
    process.kill(Number(pid), 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function read(role) {
  return existsSync(place(role)) ? readFileSync(place(role), 'utf8') : '';
}

async function until(check) {
  while (!check()) await sleep(20);
}
