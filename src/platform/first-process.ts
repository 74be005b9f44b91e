import { isExecutableFile } from './files.ts';

/**
 * Collects orphans: a shell's `wait` takes the end of every child, also of those that it was given. Ends as its one child does.
 * From a terminal SIGINT and SIGQUIT reach the child by themselves, and would count twice.
 */
const REAPER = `
"$@" <&0 & child=$!
again=
forward() { again=1; kill -s "$1" "$child" 2>/dev/null; }
trap 'forward TERM' TERM
trap 'forward HUP' HUP
if [ -t 0 ]; then trap 'again=1' INT QUIT; else trap 'forward INT' INT; trap 'forward QUIT' QUIT; fi
code=0
while :; do
  again=
  last=$code
  wait "$child"
  code=$?
  [ -n "$again" ] || break
done
[ "$code" = 127 ] && [ "$last" -lt 128 ] && [ "$last" -gt 0 ] && code=$last
exit "$code"
`;
const SHELL = '/bin/sh';

/**
 * Processes whose parents have ended become children of process 1, which must collect them once they have ended too. Node
 * cannot (libuv waits only for children that it started). As process 1 this one becomes a shell that can, and goes on as its
 * child: then it does not return. False if it is process 1 and has to stay it: `process.execve` came with Node 22.15
 * (https://nodejs.org/api/process.html#processexecvefile-args-env), and an image may have no shell.
 */
export function leaveFirstProcess(): boolean {
  if (process.pid !== 1) return true;
  if (!('execve' in process) || typeof process.execve !== 'function' || !isExecutableFile(SHELL)) return false;
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(SHELL, ['sh', '-c', REAPER, 'eco', ...command], process.env);
  return false;
}
