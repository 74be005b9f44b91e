'use strict';
// Required by a daemon: its wall clock is off by as many milliseconds as the file CLOCK_JUMP says.
const fs = require('node:fs');

const now = Date.now;
Date.now = () =>
  now() + Number(fs.existsSync(process.env.CLOCK_JUMP) ? fs.readFileSync(process.env.CLOCK_JUMP, 'utf8') : 0);
