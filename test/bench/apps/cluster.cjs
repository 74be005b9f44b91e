'use strict';
// server.cjs as Node's own documentation does it: the primary accepts and hands each connection to a worker.
const cluster = require('node:cluster');
const { join } = require('node:path');

cluster.schedulingPolicy = cluster.SCHED_RR;
cluster.setupPrimary({ exec: join(__dirname, 'server.cjs') });
for (let index = 0; index < Number(process.env.INSTANCES); index++) cluster.fork();
process.once('SIGTERM', () => process.exit());
