// Prints `N passed, N failed` from the JSON results of all vitest runs in a folder. A test command that failed although
// no test did (a type error, say) counts as one failure, so that the line never looks like a success.
//   node test/support/count-results.mjs FOLDER EXIT_CODE_OF_THE_TEST_COMMAND
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, exitCode] = process.argv.slice(2);
const runs = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = (count) => runs.reduce((total, run) => total + count(run), 0);

const passed = sum((run) => run.numPassedTests);
// A file that fails to load has no tests to count, yet has failed.
const failedTests = sum((run) => run.numFailedTests + run.testResults.filter(isBroken).length);
const failed = failedTests === 0 && (exitCode !== '0' || passed === 0) ? 1 : failedTests;
console.log(`${passed} passed, ${failed} failed`);
function isBroken({ status, assertionResults }) {
  return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
}
