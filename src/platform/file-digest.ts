import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs';

const DIGEST_CHUNK = 1024 * 1024;

/** A digest of a file's content, 128 bits of SHA-256; null if it cannot be read. Large files are read in parts. */
export function digestFile(path: string): string | null {
  try {
    const fd = fs.openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(DIGEST_CHUNK);
      for (let read = fs.readSync(fd, buffer); read > 0; read = fs.readSync(fd, buffer))
        hash.update(buffer.subarray(0, read));
      return hash.digest('hex').slice(0, 32);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return null;
  }
}
