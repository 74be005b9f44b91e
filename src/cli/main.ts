#!/usr/bin/env node
import * as nodeModule from 'node:module';

enableCompileCache();
// What is thrown here is a bug of eco's, which run-cli reports; there is nobody else to await it.
void main();

async function main(): Promise<void> {
  const { runCli } = await import('./run-cli.ts');
  process.exitCode = await runCli({
    args: process.argv.slice(2),
    cwd: workingFolder(),
    environment: process.env,
  });
}

/** From Node 22.8 on, compiled code is kept between runs (https://nodejs.org/api/module.html#moduleenablecompilecachecachedir). */
function enableCompileCache(): void {
  if ('enableCompileCache' in nodeModule && typeof nodeModule.enableCompileCache === 'function') {
    nodeModule.enableCompileCache();
  }
}

/** The folder that eco was called in may be deleted by now, which makes `process.cwd` throw. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return process.env.PWD ?? '/';
  }
}
