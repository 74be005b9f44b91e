'use strict';
// The one app that everybody serves. `LISTEN_FD`: a listening socket that it inherited.
const http = require('node:http');

const BLOCK_EVERY = 20;
const BLOCK_MS = 20;
const SLOW_MS = 2000;
let mixed = 0;

const server = http.createServer((request, response) => {
  if (request.method === 'POST') count(request, response);
  else if (request.url === '/slow') setTimeout(() => response.end('ok'), SLOW_MS);
  else if (request.url === '/pid') response.end(String(process.pid));
  else if (request.url === '/mixed') mix(response);
  else response.end('ok');
});
const { LISTEN_FD, PORT } = process.env;
server.listen(LISTEN_FD === undefined ? { host: '127.0.0.1', port: Number(PORT) } : { fd: Number(LISTEN_FD) });

function count(request, response) {
  let bytes = 0;
  request.on('data', (chunk) => (bytes += chunk.length));
  request.on('end', () => response.end(String(bytes)));
}

function mix(response) {
  mixed += 1;
  if (mixed % BLOCK_EVERY === 0) block();
  response.end('ok');
}

function block() {
  const until = performance.now() + BLOCK_MS;
  while (performance.now() < until);
}
