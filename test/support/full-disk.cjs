'use strict';
// Required by a daemon, where no small file system can be mounted: no write finds room while the file FULL_DISK exists.
const fs = require('node:fs');

for (const name of ['writeFileSync', 'appendFileSync', 'mkdirSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    if (!fs.existsSync(process.env.FULL_DISK)) return original(...args);
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
}
