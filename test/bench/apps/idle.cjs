'use strict';
setInterval(() => {}, 1 << 30);
