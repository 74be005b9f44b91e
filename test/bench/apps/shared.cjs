'use strict';
// server.cjs as bare workers that accept from one listening socket; this process only holds it.
const { spawn } = require('node:child_process');
const { createServer } = require('node:net');
const { join } = require('node:path');

const holder = createServer().listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 511 }, () => {
  const { fd } = holder._handle;
  const workers = Array.from({ length: Number(process.env.INSTANCES) }, () =>
    spawn(process.execPath, [join(__dirname, 'server.cjs')], {
      env: { ...process.env, LISTEN_FD: '3' },
      // Sessions of their own, as eco's workers have: the kernel may share out the CPU by session (sched_autogroup).
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', fd],
    }),
  );
  process.once('SIGTERM', () => {
    for (const worker of workers) worker.kill();
    process.exit();
  });
  // The workers have duplicates: this one must not accept.
  holder.close();
  setInterval(() => {}, 1 << 30);
});
