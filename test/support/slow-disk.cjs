'use strict';
// Required by a daemon: each write to the disk takes as long as SLOW_DISK says, in milliseconds.
const fs = require('node:fs');

const pause = new Int32Array(new SharedArrayBuffer(4));
for (const name of ['writeFileSync', 'fsyncSync', 'renameSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    Atomics.wait(pause, 0, 0, Number(process.env.SLOW_DISK));
    return original(...args);
  };
}
