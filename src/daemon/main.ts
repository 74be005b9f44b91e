/** `ecod`: keeps the workers of one ECO_HOME. Started by the CLI when it is needed, or by the init system. */
import { runDaemon } from './run-daemon.ts';

// The handles of its workers would keep a daemon alive that has nothing left to do.
void runDaemon().then((code) => process.exit(code));
