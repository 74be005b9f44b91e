// One request per connection, with as little CPU in the client as Node allows.
//   node connect-client.mjs PORT SECONDS PATH CONNECTIONS   each asks again as soon as it has its answer
//   node connect-client.mjs PORT SECONDS PATH 0 RATE        a new connection RATE times a second, however long answers take
import { connect } from 'node:net';

const [, , port, seconds, path, connections, rate] = process.argv;
const REQUEST = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, 'latin1');
const OK = 'HTTP/1.1 200 ';
const into = Buffer.alloc(4096);
const started = performance.now();
const until = started + Number(seconds) * 1000;
const latencies = [];
let failed = 0;

if (rate === undefined) for (let index = 0; index < Number(connections); index++) askOn();
else keepRate();

function askOn() {
  if (performance.now() < until) ask(askOn);
}

function keepRate() {
  let asked = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (const due = (Math.min(now, until) - started) * (Number(rate) / 1000); asked < due; asked++) ask(() => {});
    if (now > until) clearInterval(timer);
  }, 1);
}

function ask(onEnd) {
  const asked = performance.now();
  let answered = false;
  const callback = (bytes) => {
    answered ||= bytes > OK.length && into.latin1Slice(0, OK.length) === OK;
    return true;
  };
  const socket = connect({ port: Number(port), host: '127.0.0.1', onread: { buffer: into, callback } });
  socket.write(REQUEST);
  socket.on('error', () => (answered = false));
  socket.on('close', () => {
    if (answered) latencies.push(performance.now() - asked);
    else failed += 1;
    onEnd();
  });
}

process.on('exit', () => {
  const total = latencies.length;
  const perSecond = (total * 1000) / (performance.now() - started);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(total - 1, Math.floor(total * share))];
  console.log(JSON.stringify({ perSecond, total, failed, p50: at(0.5), p99: at(0.99) }));
});
