'use strict';
// Writes LINES lines of 100 bytes, then the milliseconds that it took into RESULT.
const { writeFileSync } = require('node:fs');

const started = performance.now();
const line = `${'x'.repeat(99)}\n`;
const lines = Number(process.env.LINES);
for (let index = 1; index < lines; index++) process.stdout.write(line);
process.stdout.write(line, () => {
  writeFileSync(process.env.RESULT, String(performance.now() - started));
  process.exit();
});
